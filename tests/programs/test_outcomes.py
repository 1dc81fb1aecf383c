"""What is really answered."""

import dns.edns
import dns.message
import dns.rcode
import dns.rrset
import pytest

from app.answer import rebinding, wire
from app.answer.wire import UpstreamResponse
from app.programs.outcomes import RealOutcome, denying_zone, outcome, values


def said(*records: str, kind: str = "A", rcode: int = 0, errors: dict[int, str] | None = None) -> UpstreamResponse:
    """Records like `www.example. A 192.0.2.1` in the answer to www.example, and extended errors by code."""
    response = dns.message.make_response(dns.message.make_query("www.example", kind, use_edns=0))
    response.set_rcode(dns.rcode.Rcode(rcode))
    for record in records:
        name, rtype, data = record.split(" ", 2)
        section = response.authority if rtype == "SOA" else response.answer
        section.append(dns.rrset.from_text(name, 60, "IN", rtype, data))
    options: list[dns.edns.Option] = [
        dns.edns.EDEOption(dns.edns.EDECode(code), text) for code, text in (errors or {}).items()
    ]
    response.use_edns(0, options=options)
    return wire.read_response(response.to_wire())


ADDRESS = "www.example. A 192.0.2.1"


@pytest.mark.parametrize(
    ("answer", "upstream", "expected"),
    [
        (said(ADDRESS), said(ADDRESS), (RealOutcome.ANSWERED, "")),
        (said("www.example. CNAME x.example."), None, (RealOutcome.NO_RECORD, "")),
        (said(), None, (RealOutcome.NO_RECORD, "")),
        (said(rcode=3), None, (RealOutcome.NO_NAME, "")),
        (said(rcode=5), None, (RealOutcome.FAILED, "RCODE 5")),
        (said(rcode=2, errors={6: ""}), None, (RealOutcome.BOGUS, "they do not fit")),
        (said(rcode=2, errors={6: "", 7: ""}), None, (RealOutcome.BOGUS, "they have ended")),
        (said(rcode=2, errors={5: "who knows"}), None, (RealOutcome.BOGUS, "who knows")),
        (said(rcode=2, errors={22: ""}), said(rcode=2), (RealOutcome.UNREACHABLE, "")),
        (said(rcode=2, errors={22: "at x"}), said(rcode=2, errors={22: "at x"}), (RealOutcome.UNREACHABLE, "at x")),
        (said(rcode=2, errors={0: "a circle"}), said(rcode=2), (RealOutcome.FAILED, "a circle")),
        (said(rcode=2, errors={23: "a referral"}), said(), (RealOutcome.FAILED, "a referral")),
        (said(errors={15: rebinding.SETTING}), said(ADDRESS), (RealOutcome.HOME, "")),
        (said(ADDRESS, errors={15: rebinding.SETTING}), said(ADDRESS), (RealOutcome.ANSWERED, "")),
        (said("www.example. A 0.0.0.0", errors={4: "A list"}), None, (RealOutcome.BLOCKED, "A list")),
        (said(errors={15: "A list"}), said(ADDRESS), (RealOutcome.BLOCKED, "A list")),
        (said(rcode=3, errors={17: "filtered by x"}), said(rcode=3), (RealOutcome.FILTERED, "filtered by x")),
        (said(errors={16: "by law"}), said(errors={16: "by law"}), (RealOutcome.FILTERED, "by law")),
        (said(errors={15: "theirs"}), said(errors={15: "theirs"}), (RealOutcome.FILTERED, "theirs")),
    ],
)
def test_tells_what_became_of_a_question(
    answer: UpstreamResponse, upstream: UpstreamResponse | None, expected: tuple[RealOutcome, str]
) -> None:
    assert outcome(answer, upstream, wire.TYPE_A) == expected


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        ("A", "192.0.2.1", "192.0.2.1"),
        ("AAAA", "2001:db8::1", "2001:db8::1"),
        ("NS", "Ns.Example.", "ns.example"),
        ("MX", "10 mail.example.", "10 mail.example"),
        ("TXT", '"hi"', "\\# 3 026869"),
    ],
)
def test_shows_records_as_in_a_zone_file(kind: str, data: str, text: str) -> None:
    response = said(f"www.example. {kind} {data}", kind=kind)
    assert values(response, response.types[0]) == (text,)


def test_the_zone_that_says_no_is_that_of_its_soa() -> None:
    assert denying_zone(said("Example. SOA ns. h. 1 2 3 4 5", rcode=3)) == "example"
    assert denying_zone(said(". SOA ns. h. 1 2 3 4 5", rcode=3)) == ""
    assert denying_zone(said(rcode=3)) is None
