"""An appliance that forwards, in a house with a router: failover, routes, rebinding, snippets, the followed anchor."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dns.rcode
import dns.rdatatype
import dns.resolver
import pytest

from tests.appliance import HOSTNAME, folder_for_all, running, settings_in
from tests.internet import DEAD, FORWARDER, LEAVES, TEST, Internet
from tests.internet.forwarder import PLAIN_PORT
from tests.internet.valve import Valve, valve

from .asking import addresses, ask, is_validated, reasons
from .conftest import Box

pytestmark = [pytest.mark.server, pytest.mark.engine]

VALVE = 101
BLOCKED, NO_REACHABLE_AUTHORITY, NETWORK_ERROR = 15, 22, 23


@dataclass(frozen=True, slots=True)
class House:
    """`upstream` is what its only living forwarder sees."""

    box: Box
    upstream: Valve


@contextmanager
def appliance(internet: Internet, snippet: str, **settings: str) -> Iterator[Box]:
    """One that trusts the keys of the tests' root because they are on its volume, as if it had followed them there."""
    with folder_for_all() as folder:
        (folder / "own").mkdir()
        (folder / "own/test.conf").write_text(f"server:\n{snippet}")
        (folder / "data").mkdir()
        (folder / "data/dnssec-root.key").write_text(internet.confirmed_anchor)
        named = {f"HOMEDOT_RESOLVER__{name.upper()}": value for name, value in settings.items()}
        own = {
            "HOMEDOT_SPECIAL__RELEASED": "test",
            "HOMEDOT_RESOLVER__MODE": "forward",
            "HOMEDOT_RESOLVER__SNIPPETS": str(folder / "own"),
            **named,
        }
        with running(folder, settings_in(folder, **own)) as started:
            yield Box(started, HOSTNAME, started.root)


@pytest.fixture(scope="module")
def house(internet: Internet) -> Iterator[House]:
    upstream, leaves = internet.address(VALVE), internet.address(LEAVES)
    snippet = '  local-data: "snippet.unsigned.test. A 192.0.2.99"\n'
    settings = {
        "forward": f"{internet.address(DEAD)}, {upstream}",
        "routes": f"bogus.test={leaves}, 5.168.192.in-addr.arpa={internet.address(DEAD)}, {leaves}",
        "rebind_exceptions": "mixed.unsigned.test",
    }
    with (
        valve((upstream, 53), (internet.address(FORWARDER), PLAIN_PORT)) as seen,
        appliance(internet, snippet, **settings) as box,
    ):
        yield House(box, seen)


def test_a_dead_forwarder_stops_nobody(house: House) -> None:
    for number in range(10):
        response = ask(house.box, f"n{number}.wild.signed.test")
        assert addresses(response) == {"192.0.2.3"}
        assert is_validated(response)


def test_a_route_is_asked_instead_of_the_forwarders_and_without_dnssec(house: House) -> None:
    response = ask(house.box, "bogus.test")
    assert addresses(response) == {"192.0.2.1"}
    assert not is_validated(response)
    assert house.upstream.about("bogus.test") == 0


def test_a_route_may_tell_addresses_in_the_house(house: House) -> None:
    assert addresses(ask(house.box, "inside.bogus.test")) == {"192.168.1.5"}
    assert addresses(ask(house.box, "inside.bogus.test", "AAAA")) == {"fd00::5"}


def test_a_route_to_a_server_that_only_refers_to_others_says_so(internet: Internet) -> None:
    """The server of test. knows whom to ask about what is below, and does not ask."""
    with appliance(internet, "", forward=internet.forwarder_plain, routes=f"test={internet.address(TEST)}") as box:
        for name in ("www.unsigned.test", "signed.test"):
            response = ask(box, name)
            assert response.rcode() == dns.rcode.SERVFAIL
            assert reasons(response) == [NETWORK_ERROR]
        told = "the server of the route test answers with a referral: it does not resolve names, or not for us"
        assert box.appliance.log.count(told) == 1
        assert told in box.appliance.homedot("why", "www.unsigned.test").stdout


def test_a_reverse_zone_of_the_house_can_be_routed_and_its_neighbours_stay_local(house: House) -> None:
    (pointer,) = ask(house.box, "5.5.168.192.in-addr.arpa", "PTR").answer
    assert pointer[0].target.to_text() == "inside.unsigned.test."
    assert ask(house.box, "5.6.168.192.in-addr.arpa", "PTR").rcode() == dns.rcode.NXDOMAIN
    assert house.upstream.about("5.6.168.192.in-addr.arpa") == 0


@pytest.fixture(scope="module")
def lively(internet: Internet) -> Iterator[Box]:
    """One whose only forwarder lives: unbound 1.26 goes on to a dead one when nothing but addresses in homes came."""
    with appliance(internet, "", forward=internet.forwarder_plain) as box:
        yield box


@pytest.mark.parametrize("rdtype", ["A", "AAAA"])
def test_the_internet_has_no_business_in_the_house(lively: Box, rdtype: str) -> None:
    response = ask(lively, "inside.unsigned.test", rdtype)
    assert response.rcode() == dns.rcode.NOERROR
    assert response.answer == []


def test_nor_has_it_by_the_addresses_that_come_with_a_service(lively: Box) -> None:
    response = ask(lively, "www.inside.unsigned.test", "HTTPS")
    assert response.rcode() == dns.rcode.NOERROR
    assert response.answer == []
    assert reasons(response) in ([BLOCKED], [])  # unbound 1.26 leaves such records out itself, and says no reason


def test_an_exception_may_point_into_the_house(house: House) -> None:
    assert addresses(ask(house.box, "mixed.unsigned.test")) == {"192.0.2.6", "10.0.0.6"}
    assert ask(house.box, "www.mixed.unsigned.test", "HTTPS").answer
    assert ask(house.box, "www.inside.bogus.test", "HTTPS").answer


def test_a_snippet_is_in_force(house: House) -> None:
    assert addresses(ask(house.box, "snippet.unsigned.test")) == {"192.0.2.99"}


@pytest.mark.parametrize(
    "name",
    [
        "localhost", "a.localhost", "printer.local", "nas.home.arpa", "_dns.resolver.arpa", "default.service.arpa",
        "hidden.onion", "a.alt", "a.invalid", "5.178.168.192.in-addr.arpa", "5.0.0.10.in-addr.arpa", "d.f.ip6.arpa",
    ],
)  # fmt: skip
def test_names_of_the_house_never_leave_it(house: House, name: str) -> None:
    for rdtype in ("A", "AAAA", "SVCB", "PTR"):
        assert ask(house.box, name, rdtype).rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
    assert house.upstream.about(name) == 0


def test_unbound_follows_the_roots_keys_in_a_file_of_its_own(house: House) -> None:
    appliance = house.box.appliance
    path = appliance.folder / "run/unbound/root.key"
    assert is_validated(ask(house.box, "signed.test"))
    deadline = time.monotonic() + 20
    while b"VALID" not in path.read_bytes():
        assert time.monotonic() < deadline, path.read_text()
        time.sleep(0.1)  # unbound asks the root for its keys soon after its start
    assert appliance.run("stat", "-c", "%U", str(path.parent), str(path)).stdout.split() == ["unbound", "unbound"]


def test_a_forwarder_that_cannot_prove_its_name_is_passed_over(internet: Internet) -> None:
    """Alone it is no answer, a reason and a line in the log."""
    wrong = internet.forwarder_tls.replace("#forward.test", "#other.test")
    with appliance(internet, "", forward=wrong, ca_bundle=str(internet.ca_bundle)) as box:
        response = ask(box, "unsigned.test")
        assert response.rcode() == dns.rcode.SERVFAIL
        assert reasons(response) == [NO_REACHABLE_AUTHORITY]
        assert "certificate verify failed" in box.appliance.log
    both = f"{wrong}, {internet.forwarder_tls}"
    with appliance(internet, "", forward=both, ca_bundle=str(internet.ca_bundle)) as box:
        for number in range(5):
            assert is_validated(ask(box, f"w{number}.wild.signed.test"))
