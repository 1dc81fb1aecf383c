"""`homedot why NAME` says what the resolver really answers, and from where: with real zones, and with nobody there."""

import json
import re
import time
from collections.abc import Iterator
from uuid import uuid4

import dns.message
import dns.rcode
import httpx
import pytest

from tests.appliance import folder_for_all, running, settings_in
from tests.fakes.forwarder import forwarding, saying
from tests.internet import DEAD, FICKLE, LEAVES, Internet
from tests.internet.valve import valve

from .asking import addresses, ask, ask_until_answered
from .conftest import Box
from .test_forwarding import appliance

pytestmark = [pytest.mark.server, pytest.mark.engine]

SERVERS = "the internet's name servers"
TOLD_WITHIN_S = 10.0


def why(box: Box, *words: str) -> list[str]:
    """What it prints, without the name."""
    done = box.appliance.homedot("why", *words)
    assert done.returncode == 0, done.stderr
    first, *rest = done.stdout.splitlines()
    name, _, sentence = first.partition(": ")
    assert name == words[0]
    return [sentence, *rest]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "www.unsigned.test",
            f"has the addresses 192.0.2.1, 2001:db8::1, from {SERVERS}, not signed, so not checked, ",
        ),
        ("www.signed.test", f"has the addresses 192.0.2.1, 2001:db8::1, from {SERVERS}, checked with DNSSEC, "),
        ("short.signed.test A", f"has the address 192.0.2.2, from {SERVERS}, checked with DNSSEC, "),
        ("signed.test NS", f"has 1 NS record: ns.signed.test, from {SERVERS}, checked with DNSSEC, "),
        (
            "nobody.signed.test",
            "there is no such name: the zone signed.test says so, and proves it with DNSSEC (from ",
        ),
        (
            "nobody.unsigned.test",
            "there is no such name: the zone unsigned.test says so, without proof, for it is not signed (from ",
        ),
        (
            "short.signed.test MX",
            "the name exists, but has no record of the type MX: the zone signed.test says so, and proves it",
        ),
        (
            "bogus.test",
            "refused, because its signatures are wrong (they do not fit): that is for whoever runs bogus.test to mend",
        ),
        (
            "stripped.test",
            "refused, because its signatures are wrong (they are missing): that is for whoever runs stripped.test",
        ),
        (
            "expired.test",
            "refused, because its signatures are wrong (they have ended): that is for whoever runs expired.test to"
            " mend; if many names fail so, the clock of this machine is wrong",
        ),
        (
            "early.test",
            "refused, because its signatures are wrong (they begin in the future): that is for whoever runs early.test",
        ),
        (
            "rekeyed.test",
            (
                "refused, because its signatures are wrong (its key is not the one that the zone above vouches for): "
                "that is for whoever runs rekeyed.test to mend",
                "refused, because its signatures are wrong (they do not fit): that is for whoever runs rekeyed.test",
            ),  # as unbound 1.17 has it, and as 1.22 and later
        ),
        ("localhost", "answered here: localhost has a fixed meaning (RFC 6761 6.3)"),
        ("use-application-dns.net", "answered here: use-application-dns.net never leaves the house (special.firefox_"),
    ],
)
def test_the_sentence_says_what_is_answered_and_who_says_so(
    own_authority: Box, words: str, sentence: str | tuple[str, ...]
) -> None:
    assert why(own_authority, *words.split())[0].startswith(sentence)


def test_what_was_known_before_is_told_from_what_is_asked_now(own_authority: Box) -> None:
    name = f"{uuid4().hex[:12]}.wild.unsigned.test"
    assert why(own_authority, name, "A")[0].endswith(", asked just now")
    assert why(own_authority, name, "A")[0].endswith(", known from before")


def test_a_name_whose_servers_are_dead_says_so_within_ten_seconds_and_names_their_zone(own_authority: Box) -> None:
    begun_s = time.monotonic()
    told = why(own_authority, "never.dead.test")
    assert time.monotonic() - begun_s < TOLD_WITHIN_S
    assert told[0] == "not answered: the name servers of dead.test are silent, or say nothing usable"


def test_the_page_says_the_same_of_it_and_does_not_hang(own_authority: Box) -> None:
    begun_s = time.monotonic()
    page = httpx.get(f"http://127.0.0.1:{own_authority.appliance.web_port}/blocking?name=ever.dead.test", timeout=15)
    assert time.monotonic() - begun_s < TOLD_WITHIN_S
    assert "ever.dead.test: not answered: the name servers of dead.test are silent, or say nothing usable" in page.text


def test_an_old_answer_is_called_old(own_authority: Box, internet: Internet) -> None:
    name = f"n{uuid4().hex[:12]}.fickle.test"
    with valve((internet.address(FICKLE), 53), (internet.address(LEAVES), 53)) as server:
        ask_until_answered(own_authority, name)
        server.state = "silent"
        time.sleep(2.1)  # the TTL is over in both caches
        told = why(own_authority, name, "A")[0]
    assert told == f"has the address 192.0.2.7, from {SERVERS}, as it was some time ago: nobody can be asked now"


def test_scripts_are_told_the_same_for_each_type(own_authority: Box) -> None:
    told = json.loads(own_authority.appliance.homedot("why", "short.signed.test", "--json").stdout)
    by_type = {each["type"]: each for each in told["answers"]}
    assert list(by_type) == ["A", "AAAA", "HTTPS"]
    assert (by_type["A"]["outcome"], by_type["A"]["records"]) == ("answered", ["192.0.2.2"])
    assert (by_type["AAAA"]["outcome"], by_type["AAAA"]["zones"]) == ("no such record", ["signed.test"])
    assert by_type["A"]["validated"]
    assert told["says"].startswith("short.signed.test: has the address 192.0.2.2")


def test_it_asks_as_devices_do_and_tells_what_they_are_told(own_authority: Box) -> None:
    told = json.loads(own_authority.appliance.homedot("why", "www.signed.test", "A", "--json").stdout)
    assert set(told["answers"][0]["records"]) == addresses(ask(own_authority, "www.signed.test"))


@pytest.fixture(scope="module")
def house(internet: Internet) -> Iterator[Box]:
    """It forwards, and asks the router for `fritz.box`, and for `lost.test` somebody who is not there."""
    snippet = '  local-data: "snippet.unsigned.test. A 192.0.2.99"\n  domain-insecure: "box"\n'
    with forwarding(saying("nas.fritz.box. A 192.168.178.5")) as router:
        settings = {
            "forward": internet.forwarder_plain,
            "routes": f"fritz.box={router.setting}, lost.test={internet.address(DEAD)}",
            "rebind_exceptions": "mixed.unsigned.test",
        }
        with appliance(internet, snippet, **settings) as box:
            yield box


def test_the_forwarder_a_route_and_a_snippet_are_named_as_where_it_comes_from(house: Box, internet: Internet) -> None:
    forwarder = f"the forwarder {internet.block}.9 (resolver.forward)"
    assert f", from {forwarder}, checked with DNSSEC" in why(house, "www.signed.test")[0]
    route = "the server of the route fritz.box (127.0.0.1; resolver.routes)"
    assert why(house, "nas.fritz.box", "A")[0].startswith(f"has the address 192.168.178.5, from {route}, ")
    snippet = "has the address 192.0.2.99, from a snippet of yours (resolver.snippets), "
    assert why(house, "snippet.unsigned.test", "A")[0].startswith(snippet)
    assert why(house, "bogus.test")[0].endswith(f", or {forwarder} does not pass signatures on")


def test_a_private_address_that_is_taken_out_names_the_setting_that_lets_it_in(house: Box) -> None:
    first, *rest = why(house, "inside.unsigned.test")
    assert first == "its answer for A and AAAA leads into the home, and is left out"
    assert any("name inside.unsigned.test in resolver.rebind_exceptions" in line for line in rest)
    first, *rest = why(house, "mixed.unsigned.test", "A")
    assert first.startswith("has the addresses ")
    assert {"192.0.2.6", "10.0.0.6"} <= set(re.split("[ ,]+", first))
    assert not any("rebind" in line for line in rest)


def test_a_route_whose_server_is_dead_is_named(house: Box, internet: Internet) -> None:
    begun_s = time.monotonic()
    told = why(house, "www.lost.test", "A")[0]
    assert time.monotonic() - begun_s < TOLD_WITHIN_S
    dead = f"the server of the route lost.test ({internet.block}.66; resolver.routes)"
    assert told == f"not answered: {dead} is silent, or says nothing usable"


def test_a_forwarder_that_is_dead_is_named(internet: Internet) -> None:
    with appliance(internet, "", forward=internet.address(DEAD)) as box:
        begun_s = time.monotonic()
        told = why(box, "www.signed.test")[0]
        assert time.monotonic() - begun_s < TOLD_WITHIN_S
    dead = f"the forwarder {internet.block}.66 (resolver.forward)"
    assert told == f"not answered: {dead} is silent, or says nothing usable"


def test_a_forwarder_that_blocks_is_named_and_it_is_said_that_it_is_not_this_box(internet: Internet) -> None:
    def filters(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.NXDOMAIN)
        return response

    insecure = '  domain-insecure: "example"\n'
    with forwarding(filters) as forwarder, appliance(internet, insecure, forward=forwarder.setting) as box:
        first, *rest = why(box, "ads.example")
    assert first == "blocked upstream, not here: filtered by 127.0.0.1 (resolver.forward)"
    assert rest == ["blocking.enabled is false: nothing is blocked"]


def test_with_the_roots_servers_dead_the_way_to_the_internet_is_named(internet: Internet) -> None:
    with folder_for_all() as folder:
        hints = folder / "hints"
        hints.write_text(f". 3600000 IN NS ns.\nns. 3600000 IN A {internet.address(DEAD)}\n")
        environment = internet.environment | {"HOMEDOT_RESOLVER__ROOT_HINTS": str(hints)}
        with running(folder, settings_in(folder, **environment)) as started:
            told = why(Box(started, "dns.home.arpa", started.root), "www.signed.test")[0]
    assert told == "not answered: not even the internet's root is reached, so this box has no way to the internet"
