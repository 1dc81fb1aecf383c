import os

from hypothesis import given
from hypothesis import strategies as st

from app.dot.sightings import LIFETIME_S, NONCE_OCTETS, SLOTS, Sightings
from tests.fakes.clock import Clock


def test_tells_what_was_seen_to_who_holds_the_mark() -> None:
    sightings = Sightings(Clock())
    nonce, other = sightings.issue(), sightings.issue()
    sightings.note(nonce, {"transport": "tls", "alpn": None, "resumed": True})
    assert sightings.look(nonce) == {"transport": "tls", "alpn": None, "resumed": True}
    assert sightings.look(other) is None


def test_the_first_sighting_counts() -> None:
    sightings = Sightings(Clock())
    nonce = sightings.issue()
    sightings.note(nonce, {"transport": "udp"})
    sightings.note(nonce, {"transport": "tls"})
    assert sightings.look(nonce) == {"transport": "udp"}


def test_nobody_can_note_or_look_with_a_mark_that_was_not_issued() -> None:
    sightings = Sightings(Clock())
    nonce = sightings.issue()
    for guess in (
        nonce[:1] + bytes(16),
        bytes(NONCE_OCTETS),
        b"",
        nonce[:-1],
        nonce + b"\0",
        bytes([255]) * NONCE_OCTETS,
    ):
        sightings.note(guess, {"transport": "tls"})
        assert sightings.look(guess) is None
    assert sightings.look(nonce) is None


def test_a_mark_is_good_for_a_minute() -> None:
    clock = Clock()
    sightings = Sightings(clock)
    nonce = sightings.issue()
    clock.now_s += LIFETIME_S
    sightings.note(nonce, {"transport": "tls"})
    assert sightings.look(nonce) is not None
    clock.now_s += 0.1
    assert sightings.look(nonce) is None


def test_the_oldest_goes_when_all_slots_are_taken() -> None:
    sightings = Sightings(Clock())
    nonces = [sightings.issue() for _ in range(SLOTS + 1)]
    for nonce in nonces:
        sightings.note(nonce, {"transport": "tls"})
    assert [sightings.look(nonce) is not None for nonce in nonces] == [False, *[True] * SLOTS]
    assert len(set(nonces)) == SLOTS + 1


def test_what_one_worker_saw_another_tells() -> None:
    sightings = Sightings(Clock())
    nonce = sightings.issue()
    worker = os.fork()
    if worker == 0:
        sightings.note(nonce, {"transport": "tls"})
        os._exit(0)
    os.waitpid(worker, 0)
    assert sightings.look(nonce) == {"transport": "tls"}


def test_a_note_that_is_too_long_for_its_slot_leaves_the_neighbour_alone() -> None:
    sightings = Sightings(Clock())
    first, second = sightings.issue(), sightings.issue()
    sightings.note(second, {"client": "second"})
    sightings.note(first, {"client": "x" * 1000})
    assert sightings.look(first) is None
    assert sightings.look(second) == {"client": "second"}


@given(nonce=st.binary(max_size=40))
def test_no_octets_break_it(nonce: bytes) -> None:
    sightings = Sightings(Clock())
    sightings.note(nonce, {"transport": "tls"})
    assert sightings.look(nonce) is None
