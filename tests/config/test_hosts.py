from ipaddress import ip_address

import pytest

from app.answer.local import LocalRecords
from app.config.hosts import ANSWERED_BEFORE, Host, at_home, hosts, own
from app.doctor import healthcheck

NAS = Host("nas.home.arpa", (ip_address("192.168.1.5"), ip_address("fd00::5")))
TV = Host("tv.home.arpa", alias="nas.home.arpa")


@pytest.mark.parametrize(
    "raw",
    [
        "nas.home.arpa=192.168.1.5 fd00::5, tv.home.arpa=CNAME nas.home.arpa",
        " NAS.home.arpa. = 192.168.1.5  fd00::5 ,tv.home.arpa=cname Nas.Home.Arpa,",
        ["nas.home.arpa=192.168.1.5 fd00::5", "tv.home.arpa=CNAME nas.home.arpa"],
        {"nas.home.arpa": ["192.168.1.5", "fd00::5"], "tv.home.arpa": "CNAME nas.home.arpa"},
        {"nas.home.arpa": "192.168.1.5 fd00::5", "tv.home.arpa": "CNAME nas.home.arpa"},
    ],
)
def test_text_list_and_mapping_say_the_same(raw: object) -> None:
    assert hosts(raw) == (NAS, TV)


def test_what_is_shown_can_be_read() -> None:
    assert hosts(", ".join(map(str, (NAS, TV)))) == (NAS, TV)


@pytest.mark.parametrize("raw", ["", [], {}])
def test_there_need_be_none(raw: object) -> None:
    assert hosts(raw) == ()


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("nas.home.arpa", "nas.home.arpa: must be NAME=ADDRESS, like nas.home.arpa=192.168.1.5"),
        ("nas=", "nas: must have an address, like 192.168.1.5, or CNAME and a name"),
        ({"nas": None}, "nas: must be IP addresses"),
        ("=192.168.1.5", "192.168.1.5: must be NAME=ADDRESS"),
        ("nas=192.168.1.500", "nas: must be IP addresses"),
        ("nas=0.0.0.0", "nas: must be addresses that a device can reach"),
        ("n as=192.168.1.5", "n as: must be names"),
        ("*.nas=192.168.1.5", "*.nas: must be names without *."),
        ("tv=CNAME", "tv: must be CNAME and one name"),
        ("tv=CNAME nas radio", "tv: must be CNAME and one name"),
        ("tv=CNAME 1_%", "tv: must be names"),
        ("a=192.168.1.5, A.=192.168.1.6", "A.: is given twice"),
        ("localhost=192.168.1.5", "localhost: must be other names than localhost, which would have no effect"),
        ("my.LocalHost.=CNAME nas", "than my.localhost, which would have no effect: localhost is this device itself"),
        ("_dns.resolver.arpa=192.168.1.5", "resolver.arpa tells devices about their resolver (RFC 9462 6.4)"),
        ("a=CNAME a", "a: leads back to itself"),
        ("a=CNAME b, b=CNAME c, c=CNAME a", "b: leads back to itself"),
    ],
)
def test_a_fault_names_its_name(raw: object, fault: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is looked at
        hosts(raw)
    assert fault in str(caught.value)


def row_of(aliases: int) -> str:
    """`n0` leads to `n1`, and so on to the one that has an address."""
    return ",".join(f"n{number}=CNAME n{number + 1}" for number in range(aliases)) + f",n{aliases}=192.168.1.5"


def test_the_longest_row_of_aliases_that_is_accepted_is_followed_to_its_end() -> None:
    found = hosts(row_of(8))
    aliases = {host.name: host.alias for host in found if host.alias}
    made = LocalRecords({host.name: host.addresses for host in found if host.addresses}, aliases).answer("n0", 1)
    assert (len(made.answer), made.chase) == (9, "")


def test_a_longer_one_is_a_fault_of_the_name_where_it_begins() -> None:
    with pytest.raises(ValueError, match=r"must be IP") as caught:
        hosts(f"nas=x,{row_of(10)},other=CNAME n0,leads-into-a-ring=CNAME a,a=CNAME a")
    faults = str(caught.value).split("; ")
    assert faults[1:] == [
        "leads-into-a-ring: leads back to itself",
        "a: leads back to itself",
        "other: must lead to n10 over 8 aliases at most (got 11)",
    ]


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"nas: must be IP.*; tv: must be CNAME"):
        hosts("nas=x, tv=CNAME, good=192.168.1.5")


def test_what_is_answered_before_the_houses_own_names_is_known_here() -> None:
    assert set(ANSWERED_BEFORE) == {"localhost", "resolver.arpa", healthcheck.NAME}
    assert hosts("here=CNAME localhost")[0].alias == "localhost"
    assert own("notlocalhost") == "notlocalhost"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("nas.home.arpa", (NAS.name, NAS.addresses)),
        ("tv.home.arpa", (NAS.name, NAS.addresses)),
        ("screen.home.arpa", (NAS.name, NAS.addresses)),
        ("www.home.arpa", ("www.example", ())),
        ("www.example", ("www.example", ())),
        ("below.nas.home.arpa", ("below.nas.home.arpa", ())),
    ],
)
def test_a_name_leads_to_its_addresses_or_out_of_the_home(name: str, found: object) -> None:
    more = hosts("screen.home.arpa=CNAME tv.home.arpa, www.home.arpa=CNAME www.example")
    assert at_home(name, (NAS, TV, *more)) == found


def test_names_may_stand_on_lines_of_their_own() -> None:
    assert hosts("nas.home.arpa=192.168.1.5\ntv.home.arpa=192.168.1.6\n") == hosts(
        "nas.home.arpa=192.168.1.5, tv.home.arpa=192.168.1.6"
    )
