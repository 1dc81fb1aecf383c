import sys
from collections import Counter
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from itertools import pairwise
from types import FrameType

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest

from app.answer import edns, records, wire
from app.answer.cache import Cache
from app.answer.checking import CheckNames
from app.answer.contract import Failure, Requestor
from app.answer.ddr import Designation
from app.answer.pipeline import LogAnswer, Pipeline
from app.answer.records import LocalResponse
from app.answer.ruleset import Ruleset
from app.answer.tally import BOUNDS_S, AnswerOutcome, Tally
from app.networks import INSIDE
from tests.fakes.clock import Clock
from tests.fakes.ruleset import ruleset
from tests.fakes.upstream import address_of

PADDING = dns.edns.GenericOption(dns.edns.OptionType.PADDING, b"\0" * 8)
KEEPALIVE = dns.edns.GenericOption(dns.edns.OptionType.KEEPALIVE, b"")


class Inline:
    """An upstream that answers inside the call, as `handler` says."""

    def __init__(self, handler: Callable[[dns.message.Message], dns.message.Message | None] = address_of) -> None:
        self.handler = handler
        self.seen: list[dns.message.Message] = []

    def ask(self, query: bytes, client: str, done: Callable[[bytes | None], None]) -> None:
        message = dns.message.from_wire(query)
        self.seen.append(message)
        response = self.handler(message)
        done(None if response is None else response.to_wire(max_size=65535))


class Client:
    """Who asks."""

    client = "192.168.1.23"

    def __init__(self, asked_at: str = "192.168.1.10") -> None:
        self.asked_at = asked_at

    def how(self) -> Mapping[str, str | bool | None]:
        return {"transport": "tls"}

    def here(self) -> str:
        return self.asked_at


class Bench:
    def __init__(
        self,
        handler: Callable[[dns.message.Message], dns.message.Message | None] = address_of,
        *,
        encrypted: bool = True,
        log_answer: LogAnswer | None = None,
        inside: Ruleset | None = None,
    ) -> None:
        self.upstream = Inline(handler)
        self.clock = Clock()
        cache = Cache(1_000_000, self.clock)
        self.pipeline = Pipeline(cache, self.upstream, inside or ruleset(), encrypted=encrypted, log_answer=log_answer)

    @property
    def given(self) -> dict[AnswerOutcome, int]:
        given = Counter[AnswerOutcome]()
        for tally in self.pipeline.tallies.values():
            given[tally.said.outcome] += tally.hits + tally.misses
        return dict(+given)

    def octets(self, message: bytes, asked_at: str = "192.168.1.10") -> bytes | None:
        known = self.pipeline.lookup(message)
        if known is not None:
            return known
        answers: list[bytes | None] = []
        self.pipeline.resolve(message, Client(asked_at), 30.0, answers.append)
        assert len(answers) == 1
        return answers[0]

    def ask(self, query: dns.message.Message, asked_at: str = "192.168.1.10") -> dns.message.Message:
        octets = self.octets(query.to_wire(), asked_at)
        assert octets is not None
        answer = dns.message.from_wire(octets)
        assert answer.id == query.id
        assert answer.flags & (dns.flags.QR | dns.flags.AA) == dns.flags.QR
        return answer


def query(name: str = "www.example.", kind: str = "A", **options: object) -> dns.message.Message:
    return dns.message.make_query(name, kind, **options)  # type: ignore[arg-type]


def bogus(message: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(message)
    response.set_rcode(dns.rcode.SERVFAIL)
    response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS, "signature")])
    return response


def test_e1_opt_is_answered_with_opt_and_nothing_with_nothing() -> None:
    bench = Bench()
    assert bench.ask(query()).edns == -1
    assert bench.ask(query(use_edns=0)).edns == 0


@pytest.mark.parametrize("kind", ["AXFR", "ANY", "NOTIFY"])
def test_e1_what_is_answered_here_has_opt_for_who_has_it_and_none_else(kind: str) -> None:
    message = query(kind="SOA" if kind == "NOTIFY" else kind)
    if kind == "NOTIFY":
        message.set_opcode(dns.opcode.NOTIFY)
    assert Bench().ask(message).edns == -1
    message.use_edns(0)
    assert Bench().ask(message).edns == 0


def test_e4_unknown_flags_and_options_are_ignored_and_not_given_back() -> None:
    bench = Bench()
    unknown = dns.edns.GenericOption("65001", b"\xaa\xbb")
    message = query(use_edns=0, ednsflags=0x1234, options=[unknown])
    message.flags |= 0x0040  # the bit of the header that is still free
    answer = bench.ask(message)
    assert (answer.rcode(), answer.options, answer.ednsflags) == (dns.rcode.NOERROR, (), 0)
    assert not answer.flags & 0x0040
    assert (bench.upstream.seen[0].options, bench.upstream.seen[0].ednsflags) == ((), 0)
    assert not bench.upstream.seen[0].flags & 0x0040


def test_e5_the_clients_opt_never_travels_upstream() -> None:
    bench = Bench()
    bench.ask(query(use_edns=0, options=[PADDING, KEEPALIVE, dns.edns.ECSOption("192.0.2.0", 24)]))
    assert bench.upstream.seen[0].options == ()


def test_d6_do_and_cd_travel_upstream_and_nothing_else_is_invented() -> None:
    bench = Bench()
    bench.ask(query(want_dnssec=True))
    bench.ask(checking_disabled())
    first, second = bench.upstream.seen
    assert (bool(first.ednsflags & dns.flags.DO), bool(first.flags & dns.flags.CD)) == (True, False)
    assert (bool(second.ednsflags & dns.flags.DO), bool(second.flags & dns.flags.CD)) == (False, True)


@pytest.mark.parametrize("flag", [dns.flags.AD, dns.flags.CD])
@pytest.mark.parametrize("is_set", [True, False])
@pytest.mark.parametrize("aliases", [{}, {"www.example": "a.example"}])
def test_d6_cd_travels_upstream_as_it_came_and_always_ad(
    flag: dns.flags.Flag, *, is_set: bool, aliases: Mapping[str, str]
) -> None:
    bench = Bench(inside=ruleset(aliases=aliases))
    message = query()
    others = dns.flags.RD | (dns.flags.AD | dns.flags.CD) & ~flag
    message.flags = dns.flags.RD | flag if is_set else others
    bench.ask(message)
    assert bench.upstream.seen[0].flags == message.flags | dns.flags.AD


@pytest.mark.parametrize("aliases", [{}, {"www.example": "a.example"}])
def test_who_wants_no_recursion_learns_nothing_that_others_asked(aliases: Mapping[str, str]) -> None:
    bench = Bench(inside=ruleset(aliases=aliases, hosts={"nas.home.arpa": "192.168.1.5"}))
    bench.ask(query(use_edns=0))
    message = query(use_edns=0)
    message.flags &= ~dns.flags.RD
    answer = bench.ask(message)
    assert (answer.rcode(), answer.answer) == (dns.rcode.REFUSED, [])
    assert [error.code for error in answer.extended_errors()] == [20]
    assert len(bench.upstream.seen) == 1
    message = query("nas.home.arpa.")
    message.flags &= ~dns.flags.RD
    assert bench.ask(message).answer


def test_e9_padding_is_due_unless_somebody_says_that_it_is_not() -> None:
    answers: list[bytes | None] = []
    pipeline = Pipeline(Cache(1_000_000, Clock()), Inline(), ruleset())
    pipeline.resolve(query(use_edns=0, options=[PADDING]).to_wire(), Client(), None, answers.append)
    assert len(answers[0] or b"") == 468


class Raw:
    """An upstream that answers with the question and what follows it, octet by octet."""

    def __init__(self, counts: bytes, rest: bytes) -> None:
        self.counts = counts
        self.rest = rest

    def ask(self, query: bytes, client: str, reply: Callable[[bytes | None], None]) -> None:
        reply(query[:2] + b"\x81\x80\0\1" + self.counts + query[12:-11] + self.rest)


@pytest.mark.parametrize("options", [b"\0", b"\0\x0f\0", b"\0\x0f\0\x09\0\3"])
@pytest.mark.parametrize("rcode", [0, 2])
def test_options_of_upstream_that_cannot_be_read_are_passed_over(options: bytes, rcode: int) -> None:
    opt = b"\0\0\x29\4\xd0\0\0\0\0" + len(options).to_bytes(2, "big") + options
    bench = Bench()
    address = b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\1"
    bench.pipeline = Pipeline(Cache(1_000_000, bench.clock), Raw(b"\0\1\0\0\0\1", address + opt), ruleset())
    answer = bench.ask(query(use_edns=0))
    assert [rrset.to_text() for rrset in answer.answer] == ["www.example. 300 IN A 192.0.2.1"]
    assert answer.options == ()


@pytest.mark.parametrize("kind", ["HTTPS", "SVCB", "CNAME"])
@pytest.mark.parametrize("rdata", [b"", b"\0", b"\0\1", b"\0\1\x3f", b"\0\1\x80", b"\0\1\xc0\xff"])
@pytest.mark.parametrize("home", [[], ["192.168.0.0/16"]])
def test_a_target_of_upstream_that_cannot_be_read_is_servfail(kind: str, rdata: bytes, home: list[str]) -> None:
    number = {"HTTPS": 65, "SVCB": 64, "CNAME": 5}[kind]
    record = b"\xc0\x0c" + number.to_bytes(2, "big") + b"\0\1\0\0\1\x2c" + len(rdata).to_bytes(2, "big")
    bench = Bench()
    source = Raw(b"\0\1\0\0\0\0", record + (rdata if number != 5 else b"\xff" * len(rdata)))
    bench.pipeline = Pipeline(Cache(1_000_000, bench.clock), source, ruleset(home=home))
    answer = bench.ask(query(kind=kind if number != 5 else "A", use_edns=0))
    assert answer.rcode() == dns.rcode.SERVFAIL
    assert [error.code for error in answer.extended_errors()] == [23]


def test_a_missed_query_enters_few_functions() -> None:
    """From the look into the cache to the reply; more of them were a maze."""
    entered: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and "/app/" in frame.f_code.co_filename:
            entered.append(f"{frame.f_globals['__name__']}.{frame.f_code.co_name}")

    source = Raw(b"\0\1\0\0\0\1", b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\1\0\0\x29\4\xd0\0\0\0\0\0\0")
    protected = ruleset(home=map(str, INSIDE))
    pipeline, answers = Pipeline(Cache(1_000_000, Clock()), source, protected), list[bytes | None]()
    message = query().to_wire()
    profiler = sys.getprofile()
    sys.setprofile(note)
    try:
        known = pipeline.lookup(message)
        pipeline.resolve(message, Client(), 30.0, answers.append)
    finally:
        sys.setprofile(profiler)
    assert (known, len(answers)) == (None, 1)
    assert len(set(entered)) <= 22, sorted(set(entered))


@pytest.mark.parametrize("times", [1, 2])
def test_e9_an_answer_to_a_padded_query_is_padded_cached_or_not(times: int) -> None:
    bench = Bench()
    message = query(use_edns=0, options=[PADDING]).to_wire()
    for _ in range(times):
        octets = bench.octets(message)
    assert octets is not None
    assert len(octets) == 468
    assert len(bench.upstream.seen) == 1


def nxdomain(message: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(message)
    response.set_rcode(dns.rcode.NXDOMAIN)
    return response


@pytest.mark.parametrize("handler", [bogus, nxdomain, lambda _: None])
def test_e9_an_error_to_a_padded_query_is_padded(
    handler: Callable[[dns.message.Message], dns.message.Message | None],
) -> None:
    octets = Bench(handler).octets(query(use_edns=0, options=[PADDING]).to_wire())
    assert len(octets or b"") == 468


def notify() -> dns.message.Message:
    message = query(kind="SOA", use_edns=0, options=[PADDING])
    message.set_opcode(dns.opcode.NOTIFY)
    return message


KEEPALIVE_WITH_A_VALUE = dns.edns.GenericOption(dns.edns.OptionType.KEEPALIVE, b"\0\x64")


@pytest.mark.parametrize(
    ("message", "rcode"),
    [
        (query(kind="AXFR", use_edns=0, options=[PADDING]), dns.rcode.REFUSED),
        (query(kind="TXT", rdclass="CH", use_edns=0, options=[PADDING]), dns.rcode.REFUSED),
        (query(use_edns=1, options=[PADDING]), dns.rcode.BADVERS),
        (query(use_edns=0, options=[KEEPALIVE_WITH_A_VALUE, PADDING]), dns.rcode.FORMERR),
        (query(use_edns=0, options=[PADDING, KEEPALIVE_WITH_A_VALUE]), dns.rcode.FORMERR),
        (notify(), dns.rcode.NOTIMP),
    ],
)
def test_e9_what_is_refused_at_once_is_padded_too(message: dns.message.Message, rcode: dns.rcode.Rcode) -> None:
    octets = Bench().octets(message.to_wire())
    assert len(octets or b"") == 468
    assert dns.message.from_wire(octets or b"").rcode() == rcode


@pytest.mark.parametrize("padded_first", [False, True])
def test_e9_a_padded_and_an_unpadded_client_do_not_get_each_others_answer(*, padded_first: bool) -> None:
    bench = Bench()
    padded, bare = query(use_edns=0, options=[PADDING]).to_wire(), query(use_edns=0).to_wire()
    for message in [padded, bare, padded, bare] if padded_first else [bare, padded, bare, padded]:
        assert (len(bench.octets(message) or b"") == 468) is (message is padded)


@pytest.mark.parametrize(
    ("octets", "padded"), [(463, 468), (464, 468), (465, 936), (931, 936), (932, 936), (933, 1404)]
)
@pytest.mark.parametrize("option", [[], [KEEPALIVE]])
def test_e8_an_answer_is_padded_to_the_next_multiple_of_468_octets(
    octets: int, padded: int, option: list[dns.edns.Option]
) -> None:
    """`octets` are those before the padding option, whose own four count: 464 leaves room for it alone."""

    def sized(message: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(message)
        response.use_edns(False)
        room = octets - 11 - 6 * len(option) - len(response.to_wire())  # the OPT, and keepalive in it
        rdata = bytes([192, 0, 2, 1]) * 300
        text = dns.rdata.from_text("IN", "TYPE65280", f"\\# {room - 12} {rdata[: room - 12].hex()}")
        response.answer.append(dns.rrset.from_rdata(message.question[0].name, 300, text))
        return response

    unpadded = Bench(sized).octets(query(use_edns=0, options=option).to_wire())
    assert len(unpadded or b"") == octets
    answer = Bench(sized).octets(query(use_edns=0, options=[PADDING, *option]).to_wire())
    assert len(answer or b"") == padded
    last = dns.message.from_wire(answer or b"").options[-1]
    assert (int(last.otype), last.to_wire()) == (12, bytes(padded - octets - 4))


def test_e11_keepalive_carries_the_idle_time_of_the_moment_and_is_never_cached() -> None:
    bench = Bench()
    message = query(use_edns=0, options=[KEEPALIVE])
    first = bench.ask(message)
    assert [option.to_wire() for option in first.options if option.otype == 11] == [b"\x01\x2c"]
    bench.ask(message)
    assert len(bench.upstream.seen) == 2


def test_e12_keepalive_with_a_value_is_formerr() -> None:
    answer = Bench().ask(query(use_edns=0, options=[KEEPALIVE_WITH_A_VALUE]))
    assert answer.rcode() == dns.rcode.FORMERR


def test_e19_id_question_and_letter_case_are_the_clients() -> None:
    bench = Bench()
    for name in ("wWw.ExAmPlE.", "www.example."):
        message = query(name)
        octets = bench.octets(message.to_wire())
        assert octets is not None
        assert octets[12 : 12 + len(message.to_wire()) - 12] == message.to_wire()[12:]


def test_e19_flags_are_those_of_a_resolver() -> None:
    def authority(message: dns.message.Message) -> dns.message.Message:
        response = address_of(message)
        response.flags |= dns.flags.AA
        return response

    answer = Bench(authority).ask(query())
    assert answer.flags == dns.flags.QR | dns.flags.RD | dns.flags.RA


def test_x1_extended_errors_reach_clients_with_opt_only() -> None:
    bench = Bench(bogus)
    with_opt = bench.ask(query(use_edns=0))
    assert with_opt.rcode() == dns.rcode.SERVFAIL
    assert [(option.code, option.text) for option in with_opt.extended_errors()] == [(6, "signature")]
    assert bench.ask(query()).options == ()


class Analyst:
    """Who knows `found`, whatever failed."""

    def __init__(self, found: LocalResponse | None) -> None:
        self.found = found
        self.asked: list[str] = []

    def look(self, failure: Failure, then: Callable[[LocalResponse | None], None]) -> None:
        self.asked.append(failure.asked)
        then(self.found)


NOTHING = LocalResponse(authority=(records.soa(records.QNAME, 60),), errors=edns.extended_error(17, "filtered"))
KNOWN = LocalResponse(rcode=wire.Rcode.SERVFAIL, errors=edns.extended_error(0, "a circle"))


@pytest.mark.parametrize(
    ("found", "rcode", "told"),
    [(None, 2, [(6, "signature")]), (NOTHING, 0, [(17, "filtered")]), (KNOWN, 2, [(0, "a circle")])],
)
@pytest.mark.parametrize(("name", "answers"), [("www.example.", 0), ("tv.home.arpa.", 1)])
def test_a_failure_is_answered_with_what_is_known_better(
    found: LocalResponse | None, rcode: int, told: list[tuple[int, str]], name: str, answers: int
) -> None:
    bench, analyst = Bench(bogus), Analyst(found)
    rules = ruleset(aliases={"tv.home.arpa": "www.example"})
    bench.pipeline = Pipeline(Cache(1_000_000, bench.clock), bench.upstream, rules, diagnosis=analyst)
    for _ in range(2):
        answer = bench.ask(query(name, use_edns=0))
        assert answer.rcode() == rcode
        assert [(error.code, error.text) for error in answer.extended_errors()] == told
        assert len(answer.answer) == (0 if rcode else answers)
    assert analyst.asked == ["www.example"] * (2 if rcode else 1)  # a failure is not kept


def test_no_answer_in_time_is_servfail_with_a_reason() -> None:
    answer = Bench(lambda _: None).ask(query(use_edns=0))
    assert answer.rcode() == dns.rcode.SERVFAIL
    assert [option.code for option in answer.extended_errors()] == [22]


def test_the_second_time_the_answer_comes_from_the_cache_and_its_ttl_is_older() -> None:
    bench = Bench()
    bench.ask(query())
    bench.clock.now_s += 7
    assert bench.ask(query()).answer[0].ttl == 293
    assert len(bench.upstream.seen) == 1


def checking_disabled(**options: object) -> dns.message.Message:
    message = query("www.example.", "A", **options)
    message.flags |= dns.flags.CD
    return message


def unless_checked(message: dns.message.Message) -> dns.message.Message:
    return address_of(message) if message.flags & dns.flags.CD else bogus(message)


@pytest.mark.parametrize("options", [{}, {"use_edns": 0}, {"want_dnssec": True}])
def test_d4_what_was_fetched_without_checking_never_answers_a_checked_query(options: dict[str, object]) -> None:
    bench = Bench(unless_checked)
    for _ in range(2):
        assert bench.ask(checking_disabled(**options)).rcode() == dns.rcode.NOERROR
        assert bench.ask(query("www.example.", "A", **options)).rcode() == dns.rcode.SERVFAIL


def test_d4_who_wants_signatures_and_who_does_not_do_not_get_each_others_answer() -> None:
    bench = Bench()
    for _ in range(2):
        for message in (query(use_edns=0), query(want_dnssec=True), query(), checking_disabled(want_dnssec=True)):
            bench.ask(message)
    asked = [(bool(seen.ednsflags & dns.flags.DO), bool(seen.flags & dns.flags.CD)) for seen in bench.upstream.seen]
    assert asked == [(False, False), (True, False), (False, False), (True, True)]


def test_d3_cd_is_copied_into_the_answer() -> None:
    bench = Bench()
    for _ in range(2):  # from upstream, and from the cache
        assert bench.ask(checking_disabled()).flags & dns.flags.CD
        assert not bench.ask(query()).flags & dns.flags.CD


@pytest.mark.parametrize("handler", [bogus, lambda message: address_of(message, ttl_s=0)])
def test_errors_and_ttl_zero_are_not_cached(
    handler: Callable[[dns.message.Message], dns.message.Message | None],
) -> None:
    bench = Bench(handler)
    bench.ask(query())
    bench.ask(query())
    assert len(bench.upstream.seen) == 2


def test_c17_a_response_gets_no_answer() -> None:
    assert Bench().octets(dns.message.make_response(query()).to_wire()) is None


def test_e2_badvers_says_that_we_speak_version_0() -> None:
    answer = Bench().ask(query(use_edns=1))
    assert (answer.rcode(), answer.edns) == (dns.rcode.BADVERS, 0)


def test_e17_an_unknown_opcode_is_answered_with_the_same_opcode() -> None:
    message = query(kind="SOA")
    message.set_opcode(dns.opcode.NOTIFY)
    answer = Bench().ask(message)
    assert (answer.rcode(), answer.opcode()) == (dns.rcode.NOTIMP, dns.opcode.NOTIFY)


@pytest.mark.parametrize("opcode", range(1, 16))
def test_an_unknown_opcode_is_answered_without_a_word_about_recursion(opcode: int) -> None:
    message = bytearray(query(use_edns=0).to_wire())
    message[2] |= opcode << 3
    answer = Bench().octets(bytes(message))
    assert answer is not None
    assert (answer[2] >> 3 & 15, answer[3]) == (opcode, dns.rcode.NOTIMP)


@pytest.mark.parametrize(("kind", "edns"), [("AXFR", 0), ("A", 1)])
def test_other_errors_say_that_there_is_recursion(kind: str, edns: int) -> None:
    assert Bench().ask(query(kind=kind, use_edns=edns)).flags & dns.flags.RA


def test_a_broken_upstream_is_servfail() -> None:
    bench = Bench()
    bench.upstream.ask = lambda query, _, done: done(query[:20])  # type: ignore[method-assign, assignment]
    answer = bench.ask(query(use_edns=0))
    assert answer.rcode() == dns.rcode.SERVFAIL
    assert [option.code for option in answer.extended_errors()] == [23]


def referring(message: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(message)
    response.authority.append(dns.rrset.from_text("example.", 300, "IN", "NS", "ns.example."))
    return response


def test_a_referral_is_servfail_with_a_reason_and_told_once_for_each_route(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(referring, inside=ruleset(forwarders={"corp.example": ()}))
    for name in ("www.corp.example.", "mail.corp.example.", "www.example.", "www.example.org."):
        answer = bench.ask(query(name, use_edns=0))
        assert answer.rcode() == dns.rcode.SERVFAIL
        ((code, text),) = [(error.code, error.text) for error in answer.extended_errors()]
        assert code == 23
        assert "answers with a referral" in (text or "")
    told = "answers with a referral: it does not resolve names, or not for us; name one that does"
    assert [record.getMessage() for record in caplog.records] == [
        f"resolver.routes: the server of the route corp.example {told}",
        f"resolver.forward: a forwarder {told}",
    ]


def test_a_popular_name_is_never_a_cold_miss() -> None:
    bench = Bench()
    bench.ask(query())
    for _ in range(1000):
        bench.clock.now_s += 1
        known = bench.pipeline.lookup(query().to_wire())
        assert known is not None
    assert 3 < len(bench.upstream.seen) < 300


def once_known(message: dns.message.Message) -> dns.message.Message:
    response = address_of(message, ttl_s=1)
    response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.STALE_ANSWER)])
    return response


def test_x4_a_stale_answer_is_kept_for_a_moment_and_a_popular_one_is_looked_up_before_its_end() -> None:
    bench = Bench(once_known)
    message = query(use_edns=0)
    assert bench.ask(message).answer[0].ttl == 30
    bench.clock.now_s += 3
    assert bench.ask(message).answer[0].ttl == 27
    assert len(bench.upstream.seen) == 1
    bench.clock.now_s += 1
    bench.ask(message)
    assert len(bench.upstream.seen) == 2
    answer = bench.ask(message)
    assert answer.answer[0].ttl == 30
    assert [error.code for error in answer.extended_errors()] == [3]
    bench.upstream.handler = address_of
    bench.clock.now_s += 5
    assert bench.ask(message).extended_errors() == []


def test_e16_any_gets_the_one_small_record_of_rfc_8482_and_travels_nowhere() -> None:
    bench = Bench()
    answer = bench.ask(query(kind="ANY", want_dnssec=True))
    assert answer.answer[0].to_text() == 'www.example. 3600 IN HINFO "RFC8482" ""'
    assert bench.upstream.seen == []


@pytest.mark.parametrize(("mode", "rcode"), [("null", "NOERROR"), ("nxdomain", "NXDOMAIN"), ("refused", "REFUSED")])
def test_any_of_a_blocked_name_is_blocked(mode: str, rcode: str) -> None:
    bench = Bench(inside=ruleset(deny=["www.example"], mode=mode))
    answer = bench.ask(query(kind="ANY", use_edns=0))
    assert (dns.rcode.to_text(answer.rcode()), answer.answer) == (rcode, [])
    assert [rrset.rdtype for rrset in answer.authority] == [dns.rdatatype.SOA]
    assert [(error.code, error.text) for error in answer.extended_errors()] == [(15, "blocking.deny")]
    assert bench.given == {AnswerOutcome.BLOCKED: 1}


@pytest.mark.parametrize(
    ("name", "rcode", "records"),
    [
        ("nas.home.arpa.", "NOERROR", ["HINFO"]),
        ("tv.home.arpa.", "NOERROR", ["CNAME"]),
        ("lost.home.arpa.", "NOERROR", ["CNAME"]),
        ("gone.home.arpa.", "NXDOMAIN", []),
        ("up.home.arpa.", "NOERROR", ["CNAME"]),
        ("home.arpa.", "NOERROR", ["HINFO"]),
        ("localhost.", "NOERROR", ["HINFO"]),
        ("printer.local.", "NXDOMAIN", []),
    ],
)
def test_any_of_a_name_that_is_served_here_says_whether_it_exists(name: str, rcode: str, records: list[str]) -> None:
    bench = Bench(
        inside=ruleset(
            hosts={"nas.home.arpa": "192.168.1.5"},
            aliases={"tv.home.arpa": "www.example", "lost.home.arpa": "gone.home.arpa", "up.home.arpa": "home.arpa"},
        )
    )
    answer = bench.ask(query(name, "ANY"))
    found = [dns.rdatatype.to_text(rrset.rdtype) for rrset in answer.answer]
    assert (dns.rcode.to_text(answer.rcode()), found) == (rcode, records)
    assert bench.upstream.seen == []


def test_d5_an_answer_of_ours_is_not_called_validated() -> None:
    assert not Bench().ask(query(kind="ANY", want_dnssec=True)).flags & dns.flags.AD


def test_e9_an_answer_of_ours_is_padded_too() -> None:
    assert len(Bench().octets(query(kind="ANY", use_edns=0, options=[PADDING]).to_wire()) or b"") == 468


def test_e10_without_encryption_nothing_is_padded() -> None:
    bench = Bench(encrypted=False)
    for kind in ("A", "ANY", "AXFR"):
        octets = bench.octets(query(kind=kind, use_edns=0, options=[PADDING]).to_wire())
        assert octets is not None
        assert len(octets) < 100


def test_e11_over_udp_keepalive_is_ignored() -> None:
    answers: list[bytes | None] = []
    Bench().pipeline.resolve(query(use_edns=0, options=[KEEPALIVE]).to_wire(), Client(), None, answers.append)
    assert dns.message.from_wire(answers[0] or b"").options == ()


def counted(bench: Bench) -> dict[tuple[str, str, int], tuple[int, int]]:
    """How many came from the cache and how many did not, by outcome, why and RCODE."""
    found = {(*tally.said, tally.rcode): (tally.hits, tally.misses) for tally in bench.pipeline.tallies.values()}
    return {kind: numbers for kind, numbers in found.items() if any(numbers)}


def validated(message: dns.message.Message) -> dns.message.Message:
    response = address_of(message)
    response.flags |= dns.flags.AD
    return response


@pytest.mark.parametrize(
    ("handler", "flags", "kind"),
    [
        (validated, 0, ("answered", "secure", 0)),
        (address_of, 0, ("answered", "insecure", 0)),
        (validated, dns.flags.CD, ("answered", "unchecked", 0)),
        (address_of, dns.flags.CD, ("answered", "unchecked", 0)),
    ],
)
def test_d2_how_far_an_answer_is_validated_is_counted_whoever_asks(
    handler: Callable[[dns.message.Message], dns.message.Message], flags: int, kind: tuple[str, str, int]
) -> None:
    bench = Bench(handler)
    message = query()
    message.flags |= flags
    for _ in range(3):
        assert not bench.ask(message).flags & dns.flags.AD  # nobody asked for that
    assert counted(bench) == {kind: (2, 1)}


@pytest.mark.parametrize("by_do", [True, False])
def test_d2_who_asks_whether_it_is_validated_is_told(*, by_do: bool) -> None:
    message = query(want_dnssec=by_do)
    message.flags |= 0 if by_do else dns.flags.AD
    assert Bench(validated).ask(message).flags & dns.flags.AD
    assert not Bench(address_of).ask(message).flags & dns.flags.AD


def test_what_is_no_question_is_counted_and_logged_as_refused() -> None:
    logged: list[tuple[str, int]] = []
    bench = Bench(log_answer=lambda client, _, tally, __: logged.append((client, tally.rcode)))
    bench.ask(query(kind="AXFR"))
    bench.ask(query(use_edns=1))
    bench.ask(query(use_edns=0, options=[KEEPALIVE_WITH_A_VALUE]))
    unrecursed = query()
    unrecursed.flags &= ~dns.flags.RD
    bench.ask(unrecursed)
    assert counted(bench) == {("refused", "", 1): (0, 1), ("refused", "", 5): (0, 2), ("refused", "", 16): (0, 1)}
    assert logged == [("192.168.1.23", 5), ("192.168.1.23", 16), ("192.168.1.23", 1), ("192.168.1.23", 5)]


def test_what_takes_its_time_is_counted_in_its_bucket_and_told_to_the_log() -> None:
    logged: list[tuple[str, bytes, Tally, float]] = []
    bench = Bench(log_answer=lambda *told: logged.append(told))

    def late(message: dns.message.Message) -> dns.message.Message:
        bench.clock.now_s += 0.3
        return address_of(message)

    bench.upstream.handler = late
    message = query()
    for _ in range(2):
        bench.ask(message)
    ((client, asked, tally, waited_s),) = logged  # a hit tells nobody
    assert (client, asked, tally.said.outcome) == ("192.168.1.23", message.to_wire(), AnswerOutcome.ANSWERED)
    assert waited_s == pytest.approx(0.3)
    assert [bound for bound, count in zip(BOUNDS_S, tally.waited, strict=False) if count] == [0.5]
    assert tally.waited_s == pytest.approx(0.3)
    assert tally.hits == 1


def test_other_rules_begin_to_count_anew() -> None:
    bench = Bench(inside=ruleset(lists=LISTED))
    bench.ask(query("ads.example."))
    bench.pipeline.use(ruleset())
    assert bench.given == {}


def test_what_the_cache_asks_for_is_nobodys_answer() -> None:
    logged: list[object] = []
    bench = Bench(log_answer=lambda *told: logged.append(told))
    bench.pipeline.prefetch(query().to_wire()[2:])
    assert (bench.given, logged) == ({}, [])
    bench.ask(query())
    assert (counted(bench), logged) == ({("answered", "insecure", 0): (1, 0)}, [])


def of_size(octets: int) -> Callable[[dns.message.Message], dns.message.Message]:
    """A handler whose responses have so many octets, without an OPT."""

    def handler(message: dns.message.Message) -> dns.message.Message:
        def response(rdata: bytes) -> dns.message.Message:
            made = dns.message.make_response(message)
            made.use_edns(False)
            data = dns.rdata.GenericRdata(dns.rdataclass.IN, dns.rdatatype.RdataType.make(65280), rdata)
            made.answer.append(dns.rrset.from_rdata(message.question[0].name, 300, data))
            return made

        return response(bytes(octets - len(response(b"").to_wire())))

    return handler


@pytest.mark.parametrize(
    ("octets", "options", "is_whole"),
    [
        (65535, None, True),
        (65535 - 11, [], True),
        (65535 - 10, [], False),
        (65535 - 15, [PADDING], True),
        (65535 - 14, [PADDING], False),
        (65535 - 17, [KEEPALIVE], True),
        (65535 - 16, [KEEPALIVE], False),
    ],
)
def test_an_answer_that_is_too_long_with_our_opt_is_servfail_and_not_cached(
    octets: int, options: list[dns.edns.Option] | None, *, is_whole: bool
) -> None:
    bench = Bench(of_size(octets))
    for _ in range(2):
        answer = bench.octets(query(use_edns=-1 if options is None else 0, options=options).to_wire())
        assert answer is not None
        assert answer[3] & 0xF == (dns.rcode.NOERROR if is_whole else dns.rcode.SERVFAIL)
        assert (len(answer) == 65535) is is_whole
    is_kept = is_whole and options != [KEEPALIVE]
    assert len(bench.upstream.seen) == (1 if is_kept else 2)


def test_what_stands_beside_an_answer_is_given_on_however_much_it_is() -> None:
    def crowded(message: dns.message.Message) -> dns.message.Message:
        response = address_of(message)
        addresses = [f"192.0.{number // 256}.{number % 256}" for number in range(600)]
        response.additional.append(dns.rrset.from_text("ns.example.", 300, "IN", "A", *addresses))
        return response

    (beside,) = Bench(crowded).ask(query(use_edns=0)).additional
    assert len(beside) == 600


def test_e13_a_keepalive_is_given_to_nobody_who_did_not_ask_for_it() -> None:
    bench = Bench()
    bench.ask(query(use_edns=0, options=[KEEPALIVE]))
    assert bench.ask(query(use_edns=0)).options == ()


def test_e14_a_cookie_changes_nothing() -> None:
    bench = Bench()
    cookie = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"\1" * 8)
    answer = bench.ask(query(use_edns=0, options=[cookie]))
    assert (answer.rcode(), answer.options) == (dns.rcode.NOERROR, ())
    assert bench.upstream.seen[0].options == ()


def test_e15_a_clients_subnet_stays_here() -> None:
    bench = Bench()
    answer = bench.ask(query(use_edns=0, options=[dns.edns.ECSOption("192.0.2.0", 24)]))
    assert (answer.rcode(), answer.options) == (dns.rcode.NOERROR, ())
    assert bench.upstream.seen[0].options == ()


def test_answers_the_names_of_the_self_test_here_and_remembers_who_asked() -> None:
    seen: list[tuple[bytes, str]] = []

    def saw(nonce: bytes, asker: Requestor) -> None:
        seen.append((nonce, asker.client))

    bench = Bench()
    names = CheckNames("check.dns.home.arpa", 17, lambda: [ip_address("192.168.1.10")], saw)
    bench.pipeline = Pipeline(Cache(1_000_000, bench.clock), bench.upstream, ruleset(), check_names=names)
    nonce = bytes(range(17))
    name = f"{nonce.hex()}.check.dns.home.arpa."
    for _ in range(2):
        answer = bench.ask(query(name, use_edns=0))
        assert [rrset.to_text() for rrset in answer.answer] == [f"{name} 1 IN A 192.168.1.10"]
    assert bench.ask(query(name, "AAAA")).answer == []
    assert seen == [(nonce, "192.168.1.23")] * 3
    assert bench.upstream.seen == []


# --- what is decided here --------------------------------------------------------------------------------------------

LISTED = {"Made-up list": ("ads.example",)}


@pytest.mark.parametrize("kind", ["A", "TXT"])
def test_a_blocked_name_above_one_at_home_is_not_said_to_be_none(kind: str) -> None:
    bench = Bench(inside=ruleset(lists=LISTED, mode="nxdomain", hosts={"nas.attic.ads.example": "192.168.1.5"}))
    codes = [bench.ask(query(name, kind)).rcode() for name in ("ads.example.", "attic.ads.example.", "x.ads.example.")]
    assert codes == [dns.rcode.NOERROR, dns.rcode.NOERROR, dns.rcode.NXDOMAIN]


def cloaked(message: dns.message.Message) -> dns.message.Message:
    """www.example -> edge.cdn.example -> a.ads.example -> 192.0.2.1"""
    response = dns.message.make_response(message)
    chain = ["www.example.", "edge.cdn.example.", "a.ads.example."]
    for owner, target in pairwise(chain):
        response.answer.append(dns.rrset.from_text(owner, 300, "IN", "CNAME", target))
    response.answer.append(dns.rrset.from_text(chain[-1], 300, "IN", "A", "192.0.2.1"))
    return response


def test_a_listed_name_gets_no_address_and_travels_nowhere() -> None:
    bench = Bench(inside=ruleset(lists=LISTED))
    answer = bench.ask(query("www.ADS.example.", use_edns=0))
    assert answer.answer[0].to_text() == "www.ADS.example. 60 IN A 0.0.0.0"
    assert [(error.code, error.text) for error in answer.extended_errors()] == [(4, "Made-up list")]
    assert bench.upstream.seen == []


def test_x1_a_blocked_name_is_not_explained_without_opt() -> None:
    assert Bench(inside=ruleset(lists=LISTED)).ask(query("ads.example.")).edns == -1


@pytest.mark.parametrize("mode", ["null", "nxdomain", "nodata", "refused"])
def test_d5_e9_a_blocked_answer_is_padded_and_not_called_validated(mode: str) -> None:
    bench = Bench(inside=ruleset(lists=LISTED, mode=mode))
    message = query("ads.example.", use_edns=0, want_dnssec=True, options=[PADDING]).to_wire()
    for _ in range(2):
        octets = bench.octets(message)
        assert octets is not None
        assert len(octets) == 468
        assert not dns.message.from_wire(octets).flags & dns.flags.AD


@pytest.mark.parametrize("mode", ["null", "nxdomain", "nodata", "refused"])
def test_a_blocked_name_is_known_the_second_time(mode: str) -> None:
    bench = Bench(inside=ruleset(lists=LISTED, mode=mode))
    message = query("ads.example.", use_edns=0)
    first = bench.ask(message)
    bench.clock.now_s += 7
    second = dns.message.from_wire(bench.pipeline.lookup(message.to_wire()) or b"")
    (before,), (after,) = first.answer or first.authority, second.answer or second.authority
    assert (before.ttl, after.ttl) == (60, 53)


@pytest.mark.parametrize("times", [1, 2])
def test_what_is_given_is_counted_by_its_kind_also_when_it_was_known(times: int) -> None:
    bench = Bench(inside=ruleset(lists=LISTED))
    for _ in range(times):
        bench.ask(query("ads.example."))
        bench.ask(query("good.example."))
    assert bench.given == {AnswerOutcome.BLOCKED: times, AnswerOutcome.ANSWERED: times}


@pytest.mark.parametrize("aliases", [{}, {"www.example": "a.example"}])
def test_what_fails_is_counted_as_that_and_why(aliases: Mapping[str, str]) -> None:
    for handler, why in ((bogus, "bogus"), (unexplained, ""), (lambda _: None, "")):
        bench = Bench(handler)
        bench.pipeline = Pipeline(
            Cache(1_000_000, bench.clock), bench.upstream, ruleset(aliases=aliases), diagnosis=Analyst(None)
        )
        bench.ask(query())
        assert counted(bench) == {("failed", why, 2): (0, 1)}


def test_a_name_that_leads_to_a_listed_one_is_blocked() -> None:
    bench = Bench(cloaked, inside=ruleset(lists=LISTED))
    for _ in range(2):
        answer = bench.ask(query(use_edns=0))
        assert answer.answer[0].to_text() == "www.example. 60 IN A 0.0.0.0"
        assert [error.text for error in answer.extended_errors()] == ["Made-up list"]
    assert len(bench.upstream.seen) == 1
    assert bench.given == {AnswerOutcome.BLOCKED: 2}


@pytest.mark.parametrize("allowed", ["www.example", "cdn.example", "a.ads.example"])
def test_an_exception_for_any_name_on_the_way_lets_the_answer_pass(allowed: str) -> None:
    answer = Bench(cloaked, inside=ruleset(lists=LISTED, allow=[allowed])).ask(query())
    assert answer.answer[-1].to_text() == "a.ads.example. 300 IN A 192.0.2.1"


@pytest.mark.parametrize(
    ("lists", "is_blocked"),
    [
        ({"Sparing": ["ads.example", "@@www.example"]}, False),
        ({"Sparing": ["@@www.example"], "Other": ["ads.example"]}, False),
        ({"Sparing": ["ads.example", "@@cdn.example"]}, True),  # that name was not asked
    ],
)
def test_where_a_name_leads_that_a_list_has_an_exception_for_is_not_blocked(
    lists: Mapping[str, list[str]], *, is_blocked: bool
) -> None:
    answer = Bench(cloaked, inside=ruleset(lists=lists)).ask(query())
    assert (answer.answer[-1].to_text() == "www.example. 60 IN A 0.0.0.0") is is_blocked


def served_at(message: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(message)
    response.answer = [dns.rrset.from_text("www.example.", 300, "IN", "HTTPS", "1 svc.ads.example. alpn=h2")]
    return response


@pytest.mark.parametrize("mode", ["null", "nxdomain", "nodata", "refused"])
def test_a_service_at_a_listed_target_is_left_out_in_every_mode_for_its_name_is_not_blocked(mode: str) -> None:
    bench = Bench(served_at, inside=ruleset(lists=LISTED, mode=mode))
    for _ in range(2):
        answer = bench.ask(query(kind="HTTPS", use_edns=0))
        assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
        assert [rrset.rdtype for rrset in answer.authority] == [dns.rdatatype.SOA]
        assert [(error.code, error.text) for error in answer.extended_errors()] == [(15, "Made-up list")]
    assert len(bench.upstream.seen) == 1
    assert bench.given == {AnswerOutcome.BLOCKED: 2}


def test_a_service_behind_a_listed_alias_is_blocked_as_its_mode_says() -> None:
    answer = Bench(cloaked, inside=ruleset(lists=LISTED, mode="nxdomain")).ask(query(kind="HTTPS"))
    assert (answer.rcode(), answer.answer) == (dns.rcode.NXDOMAIN, [])


def test_a_name_that_must_not_be_blocked_may_lead_anywhere() -> None:
    def captive(message: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(message)
        response.answer.append(dns.rrset.from_text("captive.apple.com.", 300, "IN", "CNAME", "ads.example."))
        return response

    answer = Bench(captive, inside=ruleset(lists=LISTED)).ask(query("captive.apple.com."))
    assert answer.answer[0].to_text() == "captive.apple.com. 300 IN CNAME ads.example."


def test_an_allowed_name_is_kept_too() -> None:
    bench = Bench(inside=ruleset(allow=["www.example"]))
    bench.ask(query())
    assert bench.pipeline.lookup(query().to_wire()) is not None


def test_nothing_that_another_ruleset_decided_is_given_out() -> None:
    bench = Bench(inside=ruleset(lists=LISTED))
    bench.ask(query("ads.example."))
    bench.pipeline.use(ruleset(lists=LISTED, is_paused=True))
    assert bench.ask(query("ads.example.")).answer[0].to_text() == "ads.example. 300 IN A 192.0.2.1"
    bench.pipeline.use(ruleset(lists=LISTED))
    assert bench.ask(query("ads.example.")).answer[0].to_text() == "ads.example. 60 IN A 0.0.0.0"


def test_an_answer_on_its_way_while_the_ruleset_changes_is_not_kept() -> None:
    bench = Bench()

    def late(message: dns.message.Message) -> dns.message.Message:
        bench.pipeline.use(ruleset(lists={"New": ["www.example"]}))
        return address_of(message)

    bench.upstream.handler = late
    assert bench.ask(query()).answer[0].ttl == 300
    assert bench.ask(query()).answer[0].to_text() == "www.example. 60 IN A 0.0.0.0"


def test_a_record_of_the_house_is_answered_here() -> None:
    bench = Bench(inside=ruleset(hosts={"nas.home.arpa": "192.168.1.5 fd00::5"}))
    assert bench.ask(query("nas.home.arpa.")).answer[0].to_text() == "nas.home.arpa. 60 IN A 192.168.1.5"
    assert bench.ask(query("NAS.home.arpa.", "AAAA")).answer[0].to_text() == "NAS.home.arpa. 60 IN AAAA fd00::5"
    assert bench.upstream.seen == []
    assert bench.given == {AnswerOutcome.LOCAL: 2}


def test_an_alias_to_a_name_outside_is_followed_there() -> None:
    def outside(message: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(message)
        name = message.question[0].name
        response.answer.append(dns.rrset.from_text(name, 300, "IN", "CNAME", "b.example."))
        response.answer.append(dns.rrset.from_text("b.example.", 300, "IN", "A", "192.0.2.1"))
        response.authority.append(dns.rrset.from_text("example.", 300, "IN", "NS", "ns.example."))
        response.flags |= dns.flags.AD
        return response

    bench = Bench(outside, inside=ruleset(aliases={"tv.home.arpa": "a.example"}))
    for _ in range(2):
        answer = bench.ask(query("tv.home.arpa.", want_dnssec=True))
        assert [rrset.to_text() for rrset in answer.answer] == [
            "tv.home.arpa. 60 IN CNAME a.example.",
            "a.example. 300 IN CNAME b.example.",
            "b.example. 300 IN A 192.0.2.1",
        ]
        assert answer.authority[0].to_text() == "example. 300 IN NS ns.example."
        assert not answer.flags & dns.flags.AD
    assert [message.question[0].to_text() for message in bench.upstream.seen] == ["a.example. IN A"]


@pytest.mark.parametrize(
    ("target", "rcode"), [("home.arpa", 0), ("attic.home.arpa", 0), ("x.home.arpa", 3), ("x.local", 3)]
)
def test_an_alias_to_a_name_that_is_served_here_ends_there(target: str, rcode: int) -> None:
    inside = ruleset(hosts={"nas.attic.home.arpa": "192.168.1.5"}, aliases={"tv.home.arpa": target})
    answer = Bench(inside=inside).ask(query("tv.home.arpa."))
    assert (answer.rcode(), len(answer.answer), len(answer.authority)) == (rcode, 1, 1)


def test_x4_an_alias_that_leads_to_what_is_stale_is_stale() -> None:
    answer = Bench(once_known, inside=ruleset(aliases={"tv.home.arpa": "a.example"})).ask(
        query("tv.home.arpa.", use_edns=0)
    )
    assert [rrset.ttl for rrset in answer.answer] == [60, 30]
    assert [error.code for error in answer.extended_errors()] == [3]


def unexplained(message: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(message)
    response.set_rcode(dns.rcode.SERVFAIL)
    return response


@pytest.mark.parametrize(("handler", "code"), [(bogus, 6), (unexplained, 22), (lambda _: None, 22)])
def test_an_alias_to_a_name_that_cannot_be_resolved_is_servfail_with_the_reason(
    handler: Callable[[dns.message.Message], dns.message.Message | None], code: int
) -> None:
    answer = Bench(handler, inside=ruleset(aliases={"tv.home.arpa": "a.example"})).ask(
        query("tv.home.arpa.", use_edns=0)
    )
    assert answer.rcode() == dns.rcode.SERVFAIL
    assert [error.code for error in answer.extended_errors()] == [code]


def test_what_is_asked_again_before_its_time_is_not_counted() -> None:
    bench = Bench(inside=ruleset(lists=LISTED))
    message = query("ads.example.")
    bench.ask(message)
    for _ in range(70):
        bench.clock.now_s += 1
        assert bench.pipeline.lookup(message.to_wire()) is not None
    assert bench.given == {AnswerOutcome.BLOCKED: 71}


def test_designates_only_at_an_address_that_is_in_the_certificate_and_keeps_no_such_answer() -> None:
    ours = ip_address("192.168.1.10")
    designation = Designation("dns.home.arpa", 853, (ours,), frozenset({str(ours)}))
    bench = Bench(inside=ruleset(by_address=designation))
    for _ in range(2):
        there = bench.ask(query("_dns.resolver.arpa.", "SVCB", use_edns=0), asked_at="192.168.1.10")
        assert [rrset.rdtype for rrset in there.answer] == [dns.rdatatype.SVCB]
        elsewhere = bench.ask(query("_dns.resolver.arpa.", "SVCB", use_edns=0), asked_at="192.168.178.10")
        assert (elsewhere.rcode(), elsewhere.answer) == (dns.rcode.NOERROR, [])
        assert [rrset.rdtype for rrset in elsewhere.authority] == [dns.rdatatype.SOA]
    assert bench.upstream.seen == []


def at_home(message: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(message)
    text = "1 . ipv4hint=192.168.1.5"
    response.answer = [dns.rrset.from_text("www.example.", 300, "IN", message.question[0].rdtype, text)]
    return response


@pytest.mark.parametrize("wished", [{}, {"allow": ["www.example"]}, {"aliases": {"nas.home": "www.example"}}])
@pytest.mark.parametrize("kind", ["HTTPS", "SVCB"])
def test_an_answer_that_leads_home_becomes_nothing_and_is_kept(kind: str, wished: Mapping[str, object]) -> None:
    bench = Bench(at_home, inside=ruleset(home=["192.168.0.0/16"], **wished))  # type: ignore[arg-type]
    asked = query("nas.home." if "aliases" in wished else "www.example.", kind, use_edns=0)
    for _ in range(2):
        answer = bench.ask(asked)
        assert answer.rcode() == dns.rcode.NOERROR
        assert answer.answer == []
        assert [rrset.rdtype for rrset in answer.authority] == [dns.rdatatype.SOA]
        assert [(error.code, error.text) for error in answer.extended_errors()] == [(15, "resolver.rebind_protection")]
    assert len(bench.upstream.seen) == 1


def test_where_answers_may_lead_home_they_do() -> None:
    (found,) = Bench(at_home).ask(query("www.example.", "HTTPS")).answer
    assert found.rdtype == dns.rdatatype.HTTPS
