from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from app.config import forwarding
from app.unbound.signatures import left_out_by
from tests.fakes.forwarder import Handler
from tests.fakes.forwarder import forwarding as serving
from tests.internet import Internet

NOWHERE = Path("/absent")
KEY = "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="
SIGNATURE = "DNSKEY 13 0 300 20370101000000 20200101000000 1 . AAAA"


def knows(*records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> Handler:
    """Gives these of the root to who asks for its keys as a validator does."""

    def answer(query: dns.message.Message) -> dns.message.Message:
        assert query.ednsflags & dns.flags.DO
        assert query.flags & dns.flags.CD
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        for record in records:
            kind, rdata = record.split(" ", 1)
            response.answer.append(dns.rrset.from_text(".", 300, "IN", kind, rdata))
        return response

    return answer


SIGNED = knows(f"DNSKEY {KEY}", f"RRSIG {SIGNATURE}")


@pytest.mark.parametrize(
    "handler",
    [
        knows(f"DNSKEY {KEY}"),
        knows(),
        knows(rcode=dns.rcode.REFUSED),
        knows(rcode=dns.rcode.NOTIMP),
        knows(rcode=dns.rcode.FORMERR),
    ],
)
def test_who_gives_the_roots_keys_without_signatures_is_found(handler: Handler) -> None:
    with serving(handler) as bad, serving(SIGNED) as good:
        both = [forwarding.forwarder(each.setting) for each in (good, bad)]
        assert left_out_by(both, NOWHERE) == both[1:]


@pytest.mark.parametrize("handler", [SIGNED, knows(rcode=dns.rcode.SERVFAIL), lambda _: None])
def test_who_is_silent_or_fails_leaves_nothing_out(handler: Handler) -> None:
    with serving(handler) as forwarder:
        assert left_out_by([forwarding.forwarder(forwarder.setting)], NOWHERE, timeout_s=0.5) == []


@pytest.mark.server
def test_over_tls_too(internet: Internet) -> None:
    over_tls = forwarding.forwarder(internet.forwarder_tls)
    assert left_out_by([over_tls], internet.ca_bundle) == []
