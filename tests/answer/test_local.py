from ipaddress import ip_address

import dns.message
import pytest

from app.answer.local import LocalRecords
from app.dnsname import to_wire

TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "AAAA": 28, "HTTPS": 65, "ANY": 255}
LOCAL = LocalRecords(
    {
        "nas.home.arpa": (ip_address("192.168.1.5"), ip_address("192.168.1.6"), ip_address("fd00::5")),
        "tv": (ip_address("192.168.1.5"),),
    },
    {"music.home.arpa": "nas.home.arpa", "radio.example": "music.home.arpa", "web.home.arpa": "www.example"},
)


def ask(name: str, kind: str) -> list[str]:
    made = LOCAL.answer(name, TYPES[kind])
    rest = made.after_question(to_wire(name) + TYPES[kind].to_bytes(2, "big") + b"\0\1")
    answer = dns.message.from_wire(b"\0\0\x81\x80" + rest)
    return [line for rrset in (*answer.answer, *answer.authority) for line in rrset.to_text().splitlines()]


@pytest.mark.parametrize(
    ("name", "kind", "lines"),
    [
        ("nas.home.arpa", "A", ["nas.home.arpa. 60 IN A 192.168.1.5", "nas.home.arpa. 60 IN A 192.168.1.6"]),
        ("nas.home.arpa", "AAAA", ["nas.home.arpa. 60 IN AAAA fd00::5"]),
        (
            "music.home.arpa",
            "AAAA",
            ["music.home.arpa. 60 IN CNAME nas.home.arpa.", "nas.home.arpa. 60 IN AAAA fd00::5"],
        ),
        ("music.home.arpa", "CNAME", ["music.home.arpa. 60 IN CNAME nas.home.arpa."]),
        ("radio.example", "ANY", ["radio.example. 60 IN CNAME music.home.arpa."]),
        (
            "radio.example",
            "AAAA",
            [
                "radio.example. 60 IN CNAME music.home.arpa.",
                "music.home.arpa. 60 IN CNAME nas.home.arpa.",
                "nas.home.arpa. 60 IN AAAA fd00::5",
            ],
        ),
        ("5.1.168.192.in-addr.arpa", "PTR", ["5.1.168.192.in-addr.arpa. 60 IN PTR nas.home.arpa."]),
        ("1.0.0.127.in-addr.arpa", "PTR", ["1.0.0.127.in-addr.arpa. 60 IN PTR localhost."]),
    ],
)  # fmt: skip
def test_answers(name: str, kind: str, lines: list[str]) -> None:
    assert ask(name, kind) == lines


@pytest.mark.parametrize(
    ("name", "kind", "zone"),
    [
        ("nas.home.arpa", "HTTPS", "nas.home.arpa"),
        ("tv", "AAAA", "tv"),
        ("5.1.168.192.in-addr.arpa", "A", "5.1.168.192.in-addr.arpa"),
        ("nas.home.arpa", "CNAME", "nas.home.arpa"),
    ],
)
def test_a_type_that_a_name_does_not_have_is_nodata_with_a_soa(name: str, kind: str, zone: str) -> None:
    (line,) = ask(name, kind)
    assert line.startswith(f"{zone}. 60 IN SOA ")


def test_behind_an_alias_too() -> None:
    first, second = ask("music.home.arpa", "HTTPS")
    assert first == "music.home.arpa. 60 IN CNAME nas.home.arpa."
    assert second.startswith("nas.home.arpa. 60 IN SOA ")


def test_an_alias_that_leads_outside_must_be_followed_there() -> None:
    assert LOCAL.answer("web.home.arpa", TYPES["A"]).chase == "www.example"
    assert LOCAL.answer("web.home.arpa", TYPES["CNAME"]).chase == ""


@pytest.mark.parametrize(
    ("suffixes", "covered"),
    [
        (["nas.home.arpa", "home.arpa", "arpa"], ("nas.home.arpa", "local")),
        (["music.home.arpa", "home.arpa", "arpa"], ("music.home.arpa", "local")),
        (["5.1.168.192.in-addr.arpa"], ("5.1.168.192.in-addr.arpa", "local: nas.home.arpa")),
        (["below.nas.home.arpa", "nas.home.arpa", "home.arpa", "arpa"], None),
    ],
)
def test_a_record_is_for_its_own_name(suffixes: list[str], covered: tuple[str, str] | None) -> None:
    assert LOCAL.match(suffixes) == covered


def test_an_alias_that_leads_back_to_itself_ends() -> None:
    assert LocalRecords({}, {"a.example": "b.example", "b.example": "a.example"}).answer("a.example", 1).chase
