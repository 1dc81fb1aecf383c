"""What passes between the pipeline and unbound, and what is noted of it."""

from collections.abc import Callable

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from app.answer.contract import Reply
from app.answer.evidence import Evidence, MissKind, Seen
from app.answer.witness import FROM_OUTSIDE_S, Witness, domain_of
from tests.fakes.clock import Clock

Respond = Callable[[dns.message.Message], dns.message.Message | None]


class House:
    """A witness before an unbound that takes `takes_s` and says what `respond` makes of a question."""

    def __init__(self, *routed: str, takes_s: float = 0.125) -> None:
        self.clock, self.evidence, self.takes_s = Clock(100.0), Evidence(), takes_s
        self.respond: Respond = dns.message.make_response
        self.witness = Witness(self, self.evidence.row(0), routed, self.clock)

    def ask(self, query: bytes, client: str, reply: Reply) -> None:
        self._waiting = query, reply

    def told(self, name: str, respond: Respond | None = None) -> bytes | None:
        """What a client is told of `name`."""
        answers: list[bytes | None] = []
        query = dns.message.make_query(name, "A", use_edns=0)
        self.witness.ask(query.to_wire(), "192.168.1.5", answers.append)
        self.clock.now_s += self.takes_s
        octets, reply = self._waiting
        response = (respond or self.respond)(dns.message.from_wire(octets))
        reply(None if response is None else response.to_wire())
        (answer,) = answers
        return answer

    @property
    def seen(self) -> Seen:
        return self.evidence.seen()


def saying(rcode: dns.rcode.Rcode, *reasons: int, flags: int = 0) -> Respond:
    def respond(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode(reason)) for reason in reasons])
        response.flags |= flags
        return response

    return respond


def silence(_: dns.message.Message) -> None:
    return None


FAILS = saying(dns.rcode.SERVFAIL, 22)


def test_everything_passes_as_it_is() -> None:
    house = House()
    answer = house.told("www.example.com", saying(dns.rcode.NXDOMAIN))
    assert answer is not None
    assert dns.message.from_wire(answer).rcode() == dns.rcode.NXDOMAIN
    assert house.told("www.example.com", silence) is None


@pytest.mark.parametrize("rcode", [dns.rcode.NOERROR, dns.rcode.NXDOMAIN])
def test_an_answer_that_took_its_time_came_from_outside(rcode: dns.rcode.Rcode) -> None:
    house = House()
    house.told("www.example.com", saying(rcode))
    assert house.seen == Seen(house.clock.now_s, house.clock.now_s)


def test_one_that_came_at_once_is_from_unbounds_cache() -> None:
    house = House(takes_s=FROM_OUTSIDE_S / 2)
    house.told("www.example.com")
    assert house.seen.heard_s == pytest.approx(house.clock.now_s, abs=0.002)
    assert house.seen.reached_s == 0


def test_what_unbound_knows_as_its_own_came_from_nobody() -> None:
    house = House()
    house.told("health.invalid", saying(dns.rcode.NOERROR, flags=dns.flags.AA))
    assert house.seen.reached_s == 0


def test_a_refusal_is_neither_an_answer_nor_a_failure() -> None:
    house = House()
    house.told("www.example.com", saying(dns.rcode.REFUSED))
    assert house.seen == Seen(house.clock.now_s)


@pytest.mark.parametrize(
    ("respond", "kind"),
    [
        (FAILS, MissKind.FAILED),
        (saying(dns.rcode.SERVFAIL), MissKind.FAILED),
        (saying(dns.rcode.SERVFAIL, 3), MissKind.FAILED),  # unbound 1.17 says stale of a failure
        (saying(dns.rcode.SERVFAIL, 9), MissKind.BOGUS),
        (saying(dns.rcode.SERVFAIL, 22, 7), MissKind.BOGUS),
        (saying(dns.rcode.NOERROR, 3), MissKind.STALE),
        (saying(dns.rcode.NXDOMAIN, 19), MissKind.STALE),
        (silence, MissKind.SILENT),
    ],
)
def test_what_comes_to_nothing_is_told_apart(respond: Respond, kind: MissKind) -> None:
    house = House()
    house.told("www.example.com", respond)
    (miss,) = house.seen.misses
    assert miss.at_s == pytest.approx(house.clock.now_s, abs=0.002)
    assert miss.kind is kind
    assert house.seen.reached_s == 0


def test_other_errors_are_no_failures() -> None:
    house = House()
    house.told("www.example.com", saying(dns.rcode.NOERROR, 4))
    assert house.seen.misses == ()
    assert house.seen.reached_s > 0


def test_names_of_one_domain_are_of_one_domain() -> None:
    house = House()
    for name in ("a.example.com", "b.c.EXAMPLE.com", "example.com", "other.com", "com"):
        house.told(name, FAILS)
    numbers = [miss.domain for miss in house.seen.misses]
    assert numbers[0] == numbers[1] == numbers[2]
    assert len(set(numbers)) == 3


def test_a_question_that_is_answered_after_it_failed_shows_that_somebody_is_back() -> None:
    house = House(takes_s=FROM_OUTSIDE_S / 2)
    house.told("www.example.com", FAILS)
    house.told("mail.example.com")
    assert house.seen.recovered_s == 0
    house.told("WWW.example.com")
    assert house.seen.recovered_s == pytest.approx(house.clock.now_s, abs=0.002)
    before = house.seen
    house.told("www.example.com")
    assert house.seen.recovered_s == before.recovered_s


def test_names_that_have_servers_of_their_own_say_nothing_about_the_internet() -> None:
    house = House("fritz.box")
    house.told("nas.fritz.box", FAILS)
    house.told("fritz.box")
    assert house.seen == Seen(house.clock.now_s)


def test_what_is_turned_away_for_want_of_room_says_nothing() -> None:
    class Full:
        def ask(self, query: bytes, client: str, reply: Reply) -> None:
            reply(None)

    evidence, answers = Evidence(), list[bytes | None]()
    query = dns.message.make_query("www.example.com", "A").to_wire()
    Witness(Full(), evidence.row(0)).ask(query, "192.168.1.5", answers.append)
    assert answers == [None]
    assert evidence.seen() == Seen()


def test_few_names_are_remembered() -> None:
    house = House(takes_s=FROM_OUTSIDE_S / 2)
    house.told("first.example.com", FAILS)
    for number in range(100):
        house.told(f"n{number}.example.com", FAILS)
    house.told("first.example.com")
    assert house.seen.recovered_s == 0
    house.told("n99.example.com")
    assert house.seen.recovered_s > 0


def test_a_domain_ends_with_the_root() -> None:
    assert domain_of(b"\x03www\x07example\x03com\0") == b"\x07example\x03com\0"
    assert domain_of(b"\x03com\0") == b"\x03com\0"
    assert domain_of(b"\0") == b"\0"
