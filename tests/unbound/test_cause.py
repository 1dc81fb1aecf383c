"""Why names do not resolve: whoever unbound asks, asked past it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from app.config import forwarding
from app.unbound import cause
from app.unbound.cause import CauseFound, State, state_of, weighed
from tests.appliance import free_ports
from tests.fakes.forwarder import Handler
from tests.fakes.forwarder import forwarding as serving
from tests.internet import DEAD, ROOT, Internet
from tests.internet.liar import Mangle, lying, nothing_found, without_aa

NOWHERE = Path("/absent")
LIAR = 104
KEY = "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="
NOW, PAST, FUTURE = "20990101000000 20200101000000", "20210101000000 20200101000000", "20990101000000 20980101000000"


def signed(times: str, fresh: dns.rcode.Rcode = dns.rcode.NXDOMAIN) -> Handler:
    """A forwarder that gives the root's keys with a signature of that end and that begin; `fresh` is what it says of
    names that nobody knows."""

    def answer(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        if query.question[0].name == dns.name.root:
            response.answer.append(dns.rrset.from_text(".", 300, "IN", "DNSKEY", KEY))
            if times:
                response.answer.append(
                    dns.rrset.from_text(".", 300, "IN", "RRSIG", f"DNSKEY 13 0 300 {times} 1 . AAAA")
                )
        else:
            response.set_rcode(fresh)
        return response

    return answer


def found(*settings: str) -> CauseFound:
    return asyncio.run(cause.of_forwarders([forwarding.forwarder(each) for each in settings], NOWHERE, 0.5))


def nobody() -> str:
    """Where nobody listens."""
    return f"127.0.0.1@{free_ports(1)[0]}"


@pytest.mark.parametrize(
    ("handler", "is_so"),
    [
        (signed(NOW), CauseFound("well")),
        (signed(""), CauseFound("forwarder_not_validating", "127.0.0.1")),
        (signed(PAST), CauseFound("clock_wrong", "to have expired")),
        (signed(FUTURE), CauseFound("clock_wrong", "to be from the future")),
        (signed(NOW, dns.rcode.SERVFAIL), CauseFound("unreachable")),
        (lambda _: None, CauseFound("forwarder_silent", "127.0.0.1")),
    ],
)
def test_a_forwarder_is_asked_for_what_names_are_validated_with_and_for_something_new(
    handler: Handler, is_so: CauseFound
) -> None:
    with serving(handler) as forwarder:
        assert found(forwarder.setting) == is_so


def test_nobody_there_is_silence() -> None:
    assert found(nobody()) == CauseFound("forwarder_silent", "127.0.0.1")


def test_one_that_is_fine_is_enough_and_the_other_is_remarked_on() -> None:
    with serving(signed(NOW)) as forwarder:
        assert found(nobody(), forwarder.setting) == CauseFound(
            "well", remark="the forwarder 127.0.0.1 does not answer, another one does"
        )


def of(*states: State) -> CauseFound:
    return weighed([cause._Look(f"f{number}", state) for number, state in enumerate(states)])


@pytest.mark.parametrize(
    ("states", "is_so"),
    [
        (("unroutable", "unroutable"), CauseFound("no_network")),
        (("unroutable", "silent"), CauseFound("forwarder_silent", "f1")),
        (("silent", "unsigned"), CauseFound("forwarder_not_validating", "f1")),
        (("unsigned", "certificate"), CauseFound("forwarder_certificate", "f1")),
        (("certificate", "late"), CauseFound("clock_wrong", "to have expired")),
        (("silent", "failing"), CauseFound("unreachable")),
        (
            ("unsigned", "fine"),
            CauseFound("well", remark="the forwarder f0 leaves DNSSEC signatures out, another one does not"),
        ),
    ],
)
def test_what_can_be_mended_is_told_first(states: Sequence[State], is_so: CauseFound) -> None:
    assert of(*states) == is_so


def test_a_forwarder_that_fails_itself_is_no_liar() -> None:
    response = dns.message.make_response(dns.message.make_query(".", "DNSKEY"))
    response.set_rcode(dns.rcode.SERVFAIL)
    assert state_of(response) == "failing"


def hints(folder: Path, address: str) -> Path:
    path = folder / "root.hints"
    path.write_text(f". 60 NS ns.\nns. 60 A {address}\n")
    return path


@pytest.mark.server
def test_a_root_that_answers_is_well_and_a_silent_one_cannot_be_reached(tmp_path: Path, internet: Internet) -> None:
    for host, kind in ((ROOT, "well"), (DEAD, "unreachable")):
        servers = hints(tmp_path, internet.address(host))
        assert asyncio.run(cause.of_recursion(servers, internet.trust_anchor, 0.5)) == CauseFound(kind)


@pytest.mark.server
@pytest.mark.parametrize("mangle", [without_aa, nothing_found])
def test_what_the_root_did_not_say_is_rewritten(tmp_path: Path, internet: Internet, mangle: Mangle) -> None:
    async def look() -> CauseFound:
        async with lying(internet, LIAR, mangle):
            return await cause.of_recursion(hints(tmp_path, internet.address(LIAR)), internet.trust_anchor, 0.5)

    assert asyncio.run(look()) == CauseFound("rewritten")


@pytest.mark.server
def test_a_forwarder_with_a_certificate_for_another_name_is_told_with_what_is_wrong(internet: Internet) -> None:
    asked = [forwarding.forwarder(internet.forwarder_tls.replace("#forward.test", "#other.test"))]
    told = asyncio.run(cause.of_forwarders(asked, internet.ca_bundle))
    assert told.kind == "forwarder_certificate"
    assert told.about.startswith("other.test (Hostname mismatch")
    right = [forwarding.forwarder(internet.forwarder_tls)]
    assert asyncio.run(cause.of_forwarders(right, internet.ca_bundle)) == CauseFound("well")
