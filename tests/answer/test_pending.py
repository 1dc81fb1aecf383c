import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from app.answer import wire
from app.answer.pending import PendingQuery, error_answer
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


def test_nothing_is_wished_for_that_nobody_says() -> None:
    octets = dns.message.make_query("www.example.", "A", use_edns=0).to_wire()
    each = PendingQuery(octets, wire.read_query(octets), lambda _: None, ruleset())
    assert (each.is_padded, each.keepalive, each.is_prefetch) == (False, b"", False)
    assert dns.message.from_wire(each.rendered(LocalResponse())).options == ()


@pytest.mark.parametrize("rcode", [dns.rcode.NOERROR, dns.rcode.REFUSED, dns.rcode.BADCOOKIE])
@pytest.mark.parametrize("use_edns", [-1, 0])
def test_the_rcode_of_upstream_is_given_on_all_of_it(rcode: dns.rcode.Rcode, use_edns: int) -> None:
    response = dns.message.make_response(dns.message.make_query("www.example.", "A", use_edns=use_edns))
    if use_edns == 0:
        response.set_rcode(rcode)
    answer = pending(use_edns=0).relayed(wire.read_response(response.to_wire()))
    assert dns.message.from_wire(answer).rcode() == (rcode if use_edns == 0 else dns.rcode.NOERROR)


@pytest.mark.parametrize("use_edns", [-1, 0])
def test_an_error_counts_what_it_repeats(use_edns: int) -> None:
    message = dns.message.make_query("example.", "AXFR", use_edns=use_edns).to_wire()
    with pytest.raises(wire.BadQuery) as caught:
        wire.read_query(message)
    bad = caught.value
    for echo, questions in ((bad.echo, 1), (b"", 0)):
        bad.echo = echo
        counts = error_answer(message, bad, encrypted=True)[4:12]
        assert counts == bytes([0, questions, 0, 0, 0, 0, 0, use_edns + 1])


def test_an_error_is_padded_only_for_who_wishes_it_and_only_where_it_hides_something() -> None:
    padding = dns.edns.GenericOption(dns.edns.OptionType.PADDING, b"")
    for count_wished, encrypted, count in ((0, True, 0), (1, False, 0), (1, True, 1)):
        message = dns.message.make_query("example.", "AXFR", use_edns=0, options=[padding] * count_wished).to_wire()
        with pytest.raises(wire.BadQuery) as caught:
            wire.read_query(message)
        answer = dns.message.from_wire(error_answer(message, caught.value, encrypted=encrypted))
        assert len(answer.options) == count
        assert answer.flags & ~0xF == dns.flags.QR | dns.flags.RD | dns.flags.RA
        assert answer.rcode() == dns.rcode.REFUSED
