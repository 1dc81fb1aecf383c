from collections.abc import Callable

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import dnsname
from app.answer import wire
from app.answer.wire import BadQuery, Rcode, Unanswerable, read_query, read_response
from app.errors import UpstreamError
from tests import almost
from tests.reaching import reaching


def query(name: str = "www.example.", kind: str = "A", **options: object) -> bytes:
    return dns.message.make_query(name, kind, **options).to_wire()  # type: ignore[arg-type]


def error_of(message: bytes) -> BadQuery:
    with pytest.raises(BadQuery) as caught:
        read_query(message)
    return caught.value


def test_reads_the_fields_of_a_query() -> None:
    message = dns.message.make_query("WwW.Example.", "AAAA", use_edns=0, want_dnssec=True, payload=4096)
    message.id = 4711
    read = read_query(message.to_wire())
    assert read.id == 4711
    assert read.question == b"\3WwW\7Example\0\0\x1c\0\1"
    assert read.opt is not None
    assert (read.opt.payload_octets, read.opt.dnssec_ok, read.opt.version) == (4096, True, 0)


def test_e1_a_query_without_opt_has_none() -> None:
    assert read_query(query()).opt is None


@pytest.mark.parametrize("length", range(12))
def test_c15_what_is_shorter_than_a_header_is_unanswerable(length: int) -> None:
    with pytest.raises(Unanswerable):
        read_query(query()[:length])


def test_c17_a_response_is_unanswerable() -> None:
    with pytest.raises(Unanswerable):
        read_query(dns.message.make_response(dns.message.make_query("a.", "A")).to_wire())


def test_e2_edns_version_1_is_badvers() -> None:
    bad = error_of(query(use_edns=1))
    assert bad.rcode is Rcode.BADVERS
    assert bad.opt is not None


def test_e3_two_opts_are_formerr() -> None:
    opt = b"\0\0\x29\4\xd0\0\0\0\0\0\0"
    message = query()[:10] + b"\0\2" + query()[12:] + opt + opt
    assert error_of(message).rcode is Rcode.FORMERR


def test_e3_an_opt_that_is_not_owned_by_the_root_is_formerr() -> None:
    message = query()[:10] + b"\0\1" + query()[12:] + b"\1a\0\0\x29\4\xd0\0\0\0\0\0\0"
    assert error_of(message).rcode is Rcode.FORMERR


def test_e3_an_opt_among_other_than_additional_records_is_none() -> None:
    opt = b"\0\0\x29\4\xd0\0\0\0\0\0\0"
    for counts in (b"\0\1\0\0\0\0", b"\0\0\0\1\0\0"):
        bad = error_of(query()[:6] + counts + query()[12:] + opt)
        assert (bad.rcode, bad.opt) == (Rcode.FORMERR, None)


@pytest.mark.parametrize("kind", ["AXFR", "IXFR"])
def test_e17_zone_transfers_are_refused(kind: str) -> None:
    message = query()[:-4] + {"AXFR": b"\0\xfc", "IXFR": b"\0\xfb"}[kind] + b"\0\1"
    bad = error_of(message)
    assert bad.rcode is Rcode.REFUSED
    assert bad.echo == message[12:]


def test_e17_an_incremental_transfer_is_refused_with_the_soa_that_it_brings() -> None:
    message = dns.message.make_query("example.", "IXFR", use_edns=0)
    message.authority.append(dns.rrset.from_text("example.", 0, "IN", "SOA", "ns. hostmaster. 1 0 0 0 0"))
    bad = error_of(message.to_wire())
    assert bad.rcode is Rcode.REFUSED
    assert bad.opt is not None


def test_a_question_with_an_answer_is_formerr() -> None:
    message = dns.message.make_query("example.", "A")
    message.answer.append(dns.rrset.from_text("example.", 0, "IN", "A", "192.0.2.1"))
    assert error_of(message.to_wire()).rcode is Rcode.FORMERR


def test_e17_class_ch_is_refused() -> None:
    assert error_of(query("version.bind.", "TXT", rdclass="CH")).rcode is Rcode.REFUSED


def test_e17_other_opcodes_are_not_implemented() -> None:
    message = dns.message.make_query("a.example.", "SOA")
    message.set_opcode(dns.opcode.NOTIFY)
    bad = error_of(message.to_wire())
    assert bad.rcode is Rcode.NOTIMP
    assert bad.echo == message.to_wire()[12:]


@pytest.mark.parametrize("count", [0, 2])
def test_e18_any_number_of_questions_but_one_is_formerr(count: int) -> None:
    message = query()
    bad = error_of(message[:4] + count.to_bytes(2, "big") + message[6:])
    assert (bad.rcode, bad.echo, bad.opt) == (Rcode.FORMERR, b"", None)


@pytest.mark.parametrize(
    "damage",
    [
        lambda m: m[:4] + b"\0\2" + m[6:],
        lambda m: m[:4] + b"\0\0" + m[6:],
        lambda m: m[:-1],
        lambda m: m[:12] + b"\xc0\x0c" + m[-4:],
    ],
)
def test_of_another_opcode_no_more_is_given_back_than_a_whole_question(damage: Callable[[bytes], bytes]) -> None:
    notify = b"\0\1\x20\0" + query()[4:]
    bad = error_of(damage(notify))
    assert (bad.rcode, bad.echo, bad.opt) == (Rcode.NOTIMP, b"", None)


@pytest.mark.parametrize(
    ("ttl", "dnssec_ok", "version"), [(0x8000, True, 0), (0xFF007FFF, False, 0), (0x10000, False, 1)]
)
def test_d1_flag_and_version_are_read_from_their_own_bits(ttl: int, *, dnssec_ok: bool, version: int) -> None:
    opt = wire.Opt(1232, ttl, b"")
    assert (opt.dnssec_ok, opt.version) == (dnssec_ok, version)


@pytest.mark.parametrize(
    "damage",
    [
        lambda m: m[:-1],
        lambda m: m[:12],
        lambda m: m + b"x",
        lambda m: m[:12] + b"\xc0\x0c" + m[-4:],
        lambda m: m[:12] + b"\x40" + m[13:],
        lambda m: m[:12] + b"\1a" * 127 + b"\1a\0" + m[-4:],
    ],
)
def test_a_question_that_cannot_be_read_is_formerr(damage: Callable[[bytes], bytes]) -> None:
    assert error_of(damage(query())).rcode is Rcode.FORMERR


@pytest.mark.parametrize("last", [62, 63])
def test_c15_a_name_of_more_than_255_octets_is_formerr(last: int) -> None:
    """RFC 1035 2.3.4; the shortest is one octet too long, and the longest would be 318."""
    labels = [b"a" * 63] * 3 + [b"b" * last]
    for more in ([], [b"c" * 62]):
        name = b"".join(bytes([len(label)]) + label for label in labels + more) + b"\0"
        assert error_of(query()[:12] + name + b"\0\1\0\1").rcode is Rcode.FORMERR


@given(st.lists(st.integers(1, 63), min_size=1, max_size=8))
def test_a_name_is_as_long_as_the_reference_allows(lengths: list[int]) -> None:
    name = b"".join(bytes([length]) + b"x" * length for length in lengths) + b"\0"
    message = query()[:12] + name + b"\0\1\0\1"
    try:
        dns.message.from_wire(message)
    except dns.exception.DNSException:
        assert error_of(message).rcode is Rcode.FORMERR
    else:
        assert dnsname.qname(read_query(message).question).count("x") == sum(lengths)


def test_the_longest_name_is_a_name() -> None:
    name = ".".join(["a" * 63] * 3 + ["b" * 61]) + "."
    assert read_query(query(name)).question[-5:] == b"\0\0\1\0\1"


@pytest.mark.parametrize("counts", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_a_record_that_is_counted_and_not_there_is_formerr(counts: tuple[int, int, int]) -> None:
    message = query()[:6] + b"".join(count.to_bytes(2, "big") for count in counts) + query()[12:]
    assert error_of(message).rcode is Rcode.FORMERR


@reaching(0.15, octets=almost.queries() | st.binary(max_size=200))
def test_any_octets_are_a_query_or_a_named_error(octets: bytes) -> bool:
    try:
        read = read_query(octets)
    except (Unanswerable, BadQuery):
        return False
    assert octets.startswith(read.question, 12)
    assert read.qtype == int.from_bytes(read.question[-4:-2], "big")
    assert (read.opt is not None) is octets.endswith(almost.OPT)
    return True


@reaching(0.2, octets=almost.queries())
def test_what_we_call_a_query_the_reference_can_read_too(octets: bytes) -> bool:
    try:
        read = read_query(octets)
    except (Unanswerable, BadQuery):
        return False
    reference = dns.message.from_wire(octets, ignore_trailing=False)
    assert (reference.id, [each.rdtype for each in reference.question]) == (read.id, [read.qtype])
    return True


def response() -> dns.message.Message:
    message = dns.message.make_response(dns.message.make_query("www.example.", "A", use_edns=0, want_dnssec=True))
    message.answer.append(dns.rrset.from_text("www.example.", 300, "IN", "CNAME", "web.example."))
    message.answer.append(dns.rrset.from_text("web.example.", 60, "IN", "A", "192.0.2.1", "192.0.2.2"))
    message.authority.append(dns.rrset.from_text("example.", 3600, "IN", "NS", "ns.example."))
    message.additional.append(dns.rrset.from_text("ns.example.", 7200, "IN", "A", "192.0.2.3"))
    return message


def test_e5_a_response_is_taken_apart_at_its_opt() -> None:
    message = response()
    read = read_response(message.to_wire())
    without = dns.message.from_wire(read.octets)
    assert without.edns == -1
    assert (without.answer, without.authority, without.additional) == (
        message.answer,
        message.authority,
        message.additional,
    )
    assert read.opt is not None
    assert read.opt.payload_octets == 8192


def test_finds_every_ttl_and_the_smallest() -> None:
    read = read_response(response().to_wire())
    assert read.ttl_s == 60
    assert [int.from_bytes(read.octets[at : at + 4], "big") for at in read.ttl_offsets] == [300, 60, 60, 3600, 7200]


def test_finds_ttls_behind_an_opt_that_is_not_last() -> None:
    octets = response().to_wire()
    opt = octets.rindex(b"\0\0\x29")
    length = 11 + wire.u16(octets, opt + 9)
    additional = opt - 16  # a pointer, ten octets and an address before it
    moved = octets[:additional] + octets[opt : opt + length] + octets[additional:opt]
    read = read_response(moved)
    assert [int.from_bytes(read.octets[at : at + 4], "big") for at in read.ttl_offsets] == [300, 60, 60, 3600, 7200]
    assert len(dns.message.from_wire(read.octets).additional) == 1


def ttls(read: wire.UpstreamResponse) -> list[int]:
    return [int.from_bytes(read.octets[at : at + 4], "big") for at in read.ttl_offsets]


def test_x7_a_ttl_with_the_top_bit_counts_as_zero() -> None:
    read = read_response(response().to_wire().replace((60).to_bytes(4, "big"), b"\x80\0\0\1"))
    assert read.ttl_s == 0
    assert ttls(read) == [300, 0, 0, 3600, 7200]


@pytest.mark.parametrize(("ttl_s", "kept_s"), [(86399, 86399), (86400, 86400), (86401, 86400), (0x7FFFFFFF, 86400)])
def test_x7_no_ttl_is_longer_than_a_day(ttl_s: int, kept_s: int) -> None:
    message = dns.message.make_response(dns.message.make_query("www.example.", "A"))
    message.answer.append(dns.rrset.from_text("www.example.", ttl_s, "IN", "A", "192.0.2.1", "192.0.2.2"))
    read = read_response(message.to_wire())
    assert (read.ttl_s, ttls(read)) == (kept_s, [kept_s, kept_s])
    assert len(dns.message.from_wire(read.octets).answer[0]) == 2


OPT = b"\0\0\x29\4\xd0\0\0\0\0\0\0"


@pytest.mark.parametrize(
    ("counts", "records", "is_read"),
    [
        ((0, 0, 1), OPT, True),
        ((1, 0, 0), OPT, False),
        ((0, 1, 0), OPT, False),
        ((1, 0, 1), OPT + OPT, False),
        ((0, 0, 2), OPT + OPT, False),
        ((0, 0, 1), b"\1x" + OPT, False),  # not owned by the root
    ],
)
def test_e3_one_opt_among_the_additional_records_is_read_and_any_other_malformed(
    counts: tuple[int, int, int], records: bytes, *, is_read: bool
) -> None:
    message = b"\0\0\x81\x80\0\1" + b"".join(count.to_bytes(2, "big") for count in counts) + query()[12:] + records
    if is_read:
        assert read_response(message).opt is not None
        return
    with pytest.raises(UpstreamError):
        read_response(message)


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_response_is_read_or_refused(at: int, value: int) -> None:
    octets = bytearray(response().to_wire())
    octets[at % len(octets)] = value
    try:
        read_response(bytes(octets))
    except UpstreamError:
        return


def test_a_question_of_upstream_that_leads_elsewhere_is_malformed() -> None:
    octets = response().to_wire()
    with pytest.raises(UpstreamError):
        read_response(octets[:12] + b"\xc0\x0c" + octets[12 + len(b"\3www\7example\0") :])


def test_a_query_is_no_response() -> None:
    with pytest.raises(UpstreamError):
        read_response(query())


def answer_of(octets: int, **options: object) -> tuple[bytes, bytes]:
    """A query and an answer of about `octets` to it."""
    message = dns.message.make_query("www.example.", "TXT", **options)  # type: ignore[arg-type]
    answer = dns.message.make_response(message)
    texts = [f'"{number:03}{"x" * 97}"' for number in range(octets // 101)]
    answer.answer.append(dns.rrset.from_text("www.example.", 300, "IN", "TXT", *texts))
    return message.to_wire(), answer.to_wire(max_size=65535)


@pytest.mark.parametrize(
    ("octets", "options", "is_whole"),
    [
        (400, {}, True),
        (700, {}, False),
        (700, {"use_edns": 0, "payload": 1232}, True),
        (700, {"use_edns": 0, "payload": 600}, False),
        (400, {"use_edns": 0, "payload": 100}, True),
        (2000, {"use_edns": 0, "payload": 4096}, False),
    ],
)
def test_a_datagram_fits_what_the_client_can_take_or_sets_tc(
    octets: int, options: dict[str, int], *, is_whole: bool
) -> None:
    message, answer = answer_of(octets, **options)
    fitted = wire.fit_datagram(message, answer)
    if is_whole:
        assert fitted == answer
        return
    short = dns.message.from_wire(fitted, raise_on_truncation=False)
    assert short.flags & 0x0200
    assert (len(short.question), len(short.answer), short.edns) == (1, 0, 0 if options else -1)
    assert len(fitted) < 100


def test_numbers_are_those_that_are_registered() -> None:
    for name in ("QR", "AA", "TC", "RD", "RA", "AD", "CD"):
        assert getattr(wire, name) == dns.flags.Flag[name]
    assert (wire.OPCODE_MASK, wire.RCODE_MASK) == (0x7800, 0x000F)
    assert {rcode.name: int(rcode) for rcode in Rcode} == {rcode.name: dns.rcode.Rcode[rcode.name] for rcode in Rcode}
    types = [name for name in dir(wire) if name.startswith("TYPE_")]
    for name in types:
        assert getattr(wire, name) == dns.rdatatype.RdataType[name.removeprefix("TYPE_")]


def test_a_header_alone_is_a_query_without_its_question() -> None:
    assert error_of(query()[:12]).rcode is Rcode.FORMERR


@pytest.mark.parametrize(
    ("payload", "most"), [(None, 512), (0, 512), (511, 512), (700, 700), (1232, 1232), (1233, 1232), (65535, 1232)]
)
def test_a_datagram_is_as_long_as_it_may_be_and_not_an_octet_longer(payload: int | None, most: int) -> None:
    message = query() if payload is None else query(use_edns=0, payload=payload)
    for octets, is_whole in ((most, True), (most + 1, False)):
        empty = dns.message.make_response(dns.message.from_wire(message)).to_wire()
        record = b"\xc0\x0c\0\x10\0\1" + bytes(4)
        text = bytes(octets - len(empty) - len(record) - 2)
        whole = empty[:6] + b"\0\1" + empty[8:29] + record + len(text).to_bytes(2, "big") + text + empty[29:]
        assert len(whole) == octets
        assert (wire.fit_datagram(message, whole) == whole) is is_whole
