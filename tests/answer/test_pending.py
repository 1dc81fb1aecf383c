import dns.message
import dns.rcode

from app.answer import wire
from app.answer.pending import PendingQuery
from app.answer.records import LocalResponse
from app.answer.wire import Rcode
from tests.fakes.ruleset import ruleset


def pending(**options: object) -> PendingQuery:
    message = dns.message.make_query("www.example.", "A", **options)  # type: ignore[arg-type]
    octets = message.to_wire()
    return PendingQuery(octets, wire.read_query(octets), lambda _: None, ruleset(), is_padded=True)


def test_an_answer_of_ours_repeats_id_and_question_and_is_padded_last() -> None:
    each = pending(use_edns=0)
    octets = each.rendered(LocalResponse(rcode=Rcode.NXDOMAIN, errors=b"\0\x0f\0\2\0\x0f"))
    answer = dns.message.from_wire(octets)
    assert (answer.id, answer.question, answer.rcode()) == (each.query.id, answer.question, dns.rcode.NXDOMAIN)
    assert [int(option.otype) for option in answer.options] == [15, 12]
    assert len(octets) == 468


def test_without_opt_there_is_neither_reason_nor_padding() -> None:
    assert len(pending().failure(22)) == 12 + 17
