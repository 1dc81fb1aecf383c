"""Strangers who try to lead into the home, past an appliance that forwards to somebody who repeats what they say."""

from collections.abc import Iterator

import dns.rcode
import pytest

from tests.appliance import HOSTNAME, folder_for_all, running, settings_in
from tests.fakes.forwarder import forwarding, saying

from .asking import addresses, ask, reasons
from .conftest import Box

pytestmark = [pytest.mark.server, pytest.mark.engine]

BLOCKED, FILTERED = 15, 17
PLEX = "192-168-1-1.0123456789abcdef.plex.direct."
CHAIN = [f"c{number}.example. CNAME c{number + 1}.example." for number in range(8)]
RECORDS = (
    "direct.example. A 192.168.1.1", "six.example. AAAA fd00::1", "mapped.example. AAAA ::ffff:192.168.1.1",
    "translated.example. AAAA 64:ff9b::198.18.0.1", "benchmark.example. A 198.18.0.1", "clat.example. A 192.0.0.1",
    "broadcast.example. A 255.255.255.255", "group.example. A 224.0.0.251", "reserved.example. A 240.0.0.1",
    "this.example. A 0.0.0.0", "link.example. AAAA fe80::1",
    f"plex.example. CNAME {PLEX}", f"{PLEX} A 192.168.1.1",
    "route.example. CNAME router.fritz.box.", "router.fritz.box. A 192.168.178.1",
    *CHAIN, "c8.example. CNAME router.fritz.box.",
    "local.example. CNAME nas.example.net.", "here.example. CNAME dns.home.arpa.",
    "hint.example. HTTPS 1 . ipv4hint=192.168.1.1", "hint.example. A 192.0.2.1",
    "target.example. HTTPS 1 router.fritz.box.", "alias.example. HTTPS 0 nas.example.net.",
    f"excepted.example. SVCB 1 {PLEX}", "service.example. HTTPS 1 localhost.",
    "text.example. HTTPS 1 192.168.1.1.", "hex.example. HTTPS 1 0xc0a80101.", "octal.example. SVCB 0 0300.0250.1.1.",
    "number.example. CNAME 3232235777.",
    "own.example.org. CNAME dyn.example.", "dyn.example. A 192.168.1.9",
    "outside.fritz.box. A 192.0.2.3", "split.example. CNAME outside.fritz.box.",
    "mixed.example. A 192.0.2.6", "mixed.example. A 10.0.0.6",
    "ipv4only.arpa. A 192.0.0.170", "ipv4only.arpa. A 192.0.0.171",
    "www.example. A 192.0.2.1", "www.example. HTTPS 1 . alpn=h2",
)  # fmt: skip


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """Its owner trusts all of `example.org`, and has told unbound to answer for `printer.example`."""
    with forwarding(saying(*RECORDS)) as forwarder, folder_for_all() as folder:
        (folder / "own").mkdir()
        insecure = "".join(f'  domain-insecure: "{name}"\n' for name in ("example", "org", "net", "direct", "arpa"))
        own = '  local-data: "printer.example. A 192.168.1.7"\n'
        (folder / "own/test.conf").write_text(f"server:\n{insecure}{own}")
        settings = settings_in(
            folder,
            HOMEDOT_RESOLVER__MODE="forward",
            HOMEDOT_RESOLVER__FORWARD=forwarder.setting,
            HOMEDOT_RESOLVER__ROUTES=f"fritz.box={forwarder.setting}",
            HOMEDOT_RESOLVER__REBIND_EXCEPTIONS="plex.direct, example.org",
            HOMEDOT_RESOLVER__SNIPPETS=str(folder / "own"),
            HOMEDOT_LOCAL="nas.example.net=192.168.1.5",
        )
        with running(folder, settings) as started:
            yield Box(started, HOSTNAME, started.root)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("direct.example", "A"), ("six.example", "AAAA"), ("mapped.example", "AAAA"), ("translated.example", "AAAA"),
        ("benchmark.example", "A"), ("clat.example", "A"), ("broadcast.example", "A"), ("group.example", "A"),
        ("reserved.example", "A"), ("link.example", "AAAA"), ("plex.example", "A"),
        ("route.example", "A"), ("route.example", "AAAA"), ("route.example", "CNAME"), ("c0.example", "A"),
        ("local.example", "A"), ("here.example", "A"), ("hint.example", "HTTPS"), ("target.example", "HTTPS"),
        ("alias.example", "HTTPS"), ("excepted.example", "SVCB"), ("service.example", "HTTPS"), ("dyn.example", "A"),
        ("text.example", "HTTPS"), ("hex.example", "HTTPS"), ("octal.example", "SVCB"), ("number.example", "CNAME"),
    ],
)  # fmt: skip
def test_no_name_of_a_stranger_leads_into_the_home(box: Box, name: str, kind: str) -> None:
    for _ in range(2):
        response = ask(box, name, kind)
        assert response.rcode() == dns.rcode.NOERROR
        assert response.answer == []
        assert reasons(response) == [BLOCKED]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (PLEX, {"192.168.1.1"}), ("router.fritz.box", {"192.168.178.1"}), ("own.example.org", {"192.168.1.9"}),
        ("nas.example.net", {"192.168.1.5"}), ("printer.example", {"192.168.1.7"}), ("hint.example", {"192.0.2.1"}),
        ("split.example", {"192.0.2.3"}), ("ipv4only.arpa", {"192.0.0.170", "192.0.0.171"}),
        ("mixed.example", {"192.0.2.6"}), ("www.example", {"192.0.2.1"}),
    ],
)  # fmt: skip
def test_what_may_lead_home_does_and_what_does_not_stays(box: Box, name: str, expected: set[str]) -> None:
    assert addresses(ask(box, name)) == expected


def test_the_address_of_nobody_is_left_out_as_a_filters(box: Box) -> None:
    response = ask(box, "this.example")
    assert response.answer == []
    assert reasons(response) == [FILTERED]


def test_a_service_outside_stays(box: Box) -> None:
    assert ask(box, "www.example", "HTTPS").answer


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("plex.example", "addresses of private networks"), ("route.example", "addresses of private networks"),
        ("target.example", "the name router.fritz.box"), ("local.example", "the name nas.example.net"),
    ],
)  # fmt: skip
def test_why_names_the_setting_and_what_led_there(box: Box, name: str, how: str) -> None:
    told = box.appliance.homedot("why", name).stdout
    assert f"{how} (resolver.rebind_protection)" in told
    assert f"name {name} in resolver.rebind_exceptions" in told
