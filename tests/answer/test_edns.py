import dns.edns
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answer import edns
from app.answer.wire import Opt


def opt(rdata: bytes) -> Opt:
    return Opt(1232, 0, rdata)


def parsed(record: bytes) -> dns.message.Message:
    """`record` behind an empty message, as the reference reads it."""
    return dns.message.from_wire(b"\0\0\x80\0\0\0\0\0\0\0\0\1" + record)


@given(st.integers(12, 60000), st.binary(max_size=200))
def test_e7_a_padded_answer_is_the_smallest_multiple_of_468(octets: int, text: bytes) -> None:
    content = edns.option(edns.OPTION_EDE, b"\0\x16" + text)
    size = octets + len(edns.answer_opt(octets, dnssec_ok=False, padded=True, content=content))
    unpadded = octets + len(edns.answer_opt(octets, dnssec_ok=False, padded=False, content=content)) + 4
    assert size % 468 == 0
    assert size - unpadded < 468


def test_e8_an_answer_that_fits_exactly_gets_padding_of_length_zero() -> None:
    assert len(edns.answer_opt(468 - 15, dnssec_ok=False, padded=True)) == 15
    assert len(edns.answer_opt(468 - 14, dnssec_ok=False, padded=True)) == 15 + 467


def test_e8_padding_is_the_last_option_and_all_zero() -> None:
    record = edns.answer_opt(100, dnssec_ok=False, padded=True, content=edns.keepalive(30) + edns.extended_error(22))
    options = parsed(record).options
    assert [int(option.otype) for option in options] == [11, 15, 12]
    assert not any(options[-1].to_wire() or b"")


def test_padding_never_makes_a_message_longer_than_a_message_can_be() -> None:
    for octets in range(65400, 65521):
        assert octets + len(edns.answer_opt(octets, dnssec_ok=False, padded=True)) <= 65535


def test_e7_without_the_wish_there_is_no_padding() -> None:
    assert parsed(edns.answer_opt(100, dnssec_ok=False, padded=False)).options == ()


def test_d1_do_is_copied() -> None:
    for dnssec_ok, flags in ((True, 0x8000), (False, 0)):
        message = parsed(edns.answer_opt(100, dnssec_ok=dnssec_ok, padded=False))
        assert (message.ednsflags, message.payload) == (flags, 1232)


def test_x1_reasons_have_the_numbers_of_rfc_8914() -> None:
    names = [name.removeprefix("EDE_") for name in dir(edns) if name.startswith("EDE_")]
    registered = {number.name: int(number) for number in dns.edns.EDECode}
    assert {getattr(edns, f"EDE_{name}") for name in names} == {
        number for full, number in registered.items() if full in names or full.removesuffix("_ANSWER") in names
    }


def test_e11_keepalive_counts_tenths_of_a_second() -> None:
    assert edns.keepalive(120) == b"\0\x0b\0\2\x04\xb0"
    assert edns.keepalive(1e9)[-2:] == b"\xff\xff"


def test_reads_the_wishes_for_padding_and_keepalive() -> None:
    assert edns.requested(opt(b"")) == (False, False)
    assert edns.requested(opt(b"\0\x0c\0\2\1\1")) == (True, False)
    assert edns.requested(opt(b"\0\x0b\0\0")) == (False, True)


def test_e4_unknown_options_are_passed_over() -> None:
    for octets in (2, 255, 256, 600):
        unknown = b"\xfd\xe9" + octets.to_bytes(2, "big") + b"\xff" * octets
        assert edns.requested(opt(unknown + b"\0\x0c\0\0")) == (True, False)


def test_e12_keepalive_with_a_value_is_malformed() -> None:
    with pytest.raises(edns.MalformedOption):
        edns.requested(opt(b"\0\x0b\0\2\0\x64"))


@pytest.mark.parametrize("rdata", [b"\0", b"\0\x0c\0", b"\0\x0c\0\1", b"\0\x0c\0\0\0"])
def test_e3_an_option_that_is_cut_short_is_malformed(rdata: bytes) -> None:
    with pytest.raises(edns.MalformedOption):
        edns.requested(opt(rdata))


@pytest.mark.parametrize(("rdata", "expected"), [(b"\0\x0c\0\0", True), (b"\0\x0b\0\0", False), (b"\0\x0c\0", False)])
def test_e9_whether_an_error_shall_be_padded_is_known_whatever_else_is_wrong(rdata: bytes, *, expected: bool) -> None:
    assert edns.wants_padding(opt(rdata)) is expected


def test_only_extended_errors_of_upstream_are_kept() -> None:
    theirs = edns.option(edns.OPTION_PADDING, b"\0" * 9) + edns.extended_error(6, "bogus") + edns.extended_error(7)
    assert edns.extended_errors(opt(theirs)) == edns.extended_error(6, "bogus") + edns.extended_error(7)
    assert edns.extended_errors(opt(b"\0")) == b""
    assert edns.extended_errors(None) == b""


def test_the_upper_bits_of_an_rcode_are_in_the_opt() -> None:
    message = parsed(edns.answer_opt(12, dnssec_ok=False, padded=False, rcode_high=1))
    assert message.rcode() == 16
    assert parsed(edns.answer_opt(12, dnssec_ok=False, padded=False)).rcode() == 0


def test_our_query_offers_the_largest_datagram_and_no_option() -> None:
    for dnssec_ok, flags in ((True, 0x8000), (False, 0)):
        message = parsed(edns.QUERY_OPT[dnssec_ok])
        assert (message.payload, message.options, message.ednsflags) == (65535, (), flags)


@pytest.mark.parametrize(("codes", "expected"), [([], False), ([22], False), ([3], True), ([6, 19], True)])
def test_x4_upstream_says_whether_its_answer_is_stale(codes: list[int], *, expected: bool) -> None:
    assert edns.is_stale(opt(b"".join(edns.extended_error(code, "why") for code in codes))) == expected
    assert not edns.is_stale(None)


@pytest.mark.parametrize(
    ("upstream", "given"),
    [([], [22]), ([3], [22]), ([6], [6]), ([3, 7], [7]), ([9, 6], [9, 6])],
)
def test_a_failure_never_goes_without_a_reason_and_is_never_stale(upstream: list[int], given: list[int]) -> None:
    rdata = b"".join(edns.extended_error(code, "why") for code in upstream)
    reasons = edns.reasons_of_failure(opt(rdata))
    assert [int.from_bytes(data[:2], "big") for _, data in edns.options(reasons)] == given


def test_a_failure_without_opt_has_a_reason_too() -> None:
    assert edns.reasons_of_failure(None) == edns.extended_error(22)
    assert edns.reasons_of_failure(opt(b"\0")) == edns.extended_error(22)
