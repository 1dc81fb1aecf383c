from collections.abc import Callable

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from app.answer.cache import Cache
from app.answer.pipeline import Pipeline
from tests.fakes.clock import Clock
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


class Bench:
    def __init__(
        self,
        handler: Callable[[dns.message.Message], dns.message.Message | None] = address_of,
        encrypted: bool = True,
        log_query: Callable[[bytes], None] | None = None,
    ) -> None:
        self.upstream = Inline(handler)
        self.clock = Clock()
        self.pipeline = Pipeline(Cache(1_000_000, self.clock), self.upstream, encrypted, log_query)

    def octets(self, message: bytes) -> bytes | None:
        known = self.pipeline.lookup(message)
        if known is not None:
            return known
        answers: list[bytes | None] = []
        self.pipeline.resolve(message, "client", 30.0, answers.append)
        assert len(answers) == 1
        return answers[0]

    def ask(self, query: dns.message.Message) -> dns.message.Message:
        octets = self.octets(query.to_wire())
        assert octets is not None
        answer = dns.message.from_wire(octets)
        assert answer.id == query.id
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


def test_e5_the_clients_opt_never_travels_upstream() -> None:
    bench = Bench()
    bench.ask(query(use_edns=0, options=[PADDING, KEEPALIVE, dns.edns.ECSOption("192.0.2.0", 24)]))
    assert bench.upstream.seen[0].options == ()


def test_d6_do_and_cd_travel_upstream_and_nothing_else_is_invented() -> None:
    bench = Bench()
    bench.ask(query(want_dnssec=True))
    checking_disabled = query()
    checking_disabled.flags |= dns.flags.CD
    bench.ask(checking_disabled)
    first, second = bench.upstream.seen
    assert (bool(first.ednsflags & dns.flags.DO), bool(first.flags & dns.flags.CD)) == (True, False)
    assert (bool(second.ednsflags & dns.flags.DO), bool(second.flags & dns.flags.CD)) == (False, True)


@pytest.mark.parametrize("times", [1, 2])
def test_e9_an_answer_to_a_padded_query_is_padded_cached_or_not(times: int) -> None:
    bench = Bench()
    message = query(use_edns=0, options=[PADDING]).to_wire()
    for _ in range(times):
        octets = bench.octets(message)
    assert octets is not None
    assert len(octets) == 468
    assert len(bench.upstream.seen) == 1


@pytest.mark.parametrize("handler", [bogus, lambda _: None])
def test_e9_an_error_to_a_padded_query_is_padded(
    handler: Callable[[dns.message.Message], dns.message.Message | None],
) -> None:
    octets = Bench(handler).octets(query(use_edns=0, options=[PADDING]).to_wire())
    assert len(octets or b"") == 468


def test_e9_what_is_refused_at_once_is_padded_too() -> None:
    assert len(Bench().octets(query(kind="AXFR", use_edns=0, options=[PADDING]).to_wire()) or b"") == 468


def test_e11_keepalive_carries_the_idle_time_of_the_moment_and_is_never_cached() -> None:
    bench = Bench()
    message = query(use_edns=0, options=[KEEPALIVE])
    first = bench.ask(message)
    assert [option.to_wire() for option in first.options if option.otype == 11] == [b"\x01\x2c"]
    bench.ask(message)
    assert len(bench.upstream.seen) == 2


def test_e12_keepalive_with_a_value_is_formerr() -> None:
    answer = Bench().ask(query(use_edns=0, options=[dns.edns.GenericOption(dns.edns.OptionType.KEEPALIVE, b"\0\x64")]))
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


def test_d4_what_was_fetched_without_checking_never_answers_a_checked_query() -> None:
    bench = Bench()
    unchecked = query()
    unchecked.flags |= dns.flags.CD
    bench.ask(unchecked)
    bench.ask(query())
    assert len(bench.upstream.seen) == 2


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


def test_a_broken_upstream_is_servfail() -> None:
    bench = Bench()
    bench.upstream.ask = lambda query, _, done: done(query[:20])  # type: ignore[method-assign, assignment]
    answer = bench.ask(query(use_edns=0))
    assert answer.rcode() == dns.rcode.SERVFAIL
    assert [option.code for option in answer.extended_errors()] == [23]


def test_a_popular_name_is_never_a_cold_miss() -> None:
    bench = Bench()
    bench.ask(query())
    for _ in range(1000):
        bench.clock.now_s += 1
        known = bench.pipeline.lookup(query().to_wire())
        assert known is not None
    assert 3 < len(bench.upstream.seen) < 300


def test_e16_any_gets_the_one_small_record_of_rfc_8482_and_travels_nowhere() -> None:
    bench = Bench()
    answer = bench.ask(query(kind="ANY", want_dnssec=True))
    assert answer.answer[0].to_text() == 'www.example. 3600 IN HINFO "RFC8482" ""'
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
    Bench().pipeline.resolve(query(use_edns=0, options=[KEEPALIVE]).to_wire(), "client", None, answers.append)
    assert dns.message.from_wire(answers[0] or b"").options == ()


def test_names_are_logged_only_for_those_who_ask_and_once_each() -> None:
    logged: list[bytes] = []
    bench = Bench(log_query=logged.append)
    for _ in range(2):
        bench.ask(query())
    assert len(logged) == 2


@pytest.mark.parametrize("option", [PADDING, KEEPALIVE])
def test_an_answer_that_is_too_long_with_our_opt_is_servfail_and_not_cached(option: dns.edns.Option) -> None:
    def longest(message: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(message)
        response.use_edns(False)
        texts = [f'"{"x" * 254}"' for _ in range(256)]
        response.answer.append(dns.rrset.from_text(message.question[0].name, 300, "IN", "TXT", *texts[:245]))
        room = 65535 - len(response.to_wire(max_size=65535)) - 14
        while room > 0:
            size = min(room, 250)
            response.answer.append(dns.rrset.from_text(".", 300, "IN", "TXT", '"' + "x" * max(size - 14, 0) + '"'))
            room = 65535 - len(response.to_wire(max_size=65535)) - 14
        return response

    bench = Bench(longest)
    for _ in range(2):
        octets = bench.octets(query(kind="TXT", use_edns=0, options=[option]).to_wire())
        assert octets is not None
        assert len(octets) <= 65535


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
