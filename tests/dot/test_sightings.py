import os

from hypothesis import given
from hypothesis import strategies as st

from app.dot.sightings import LIFETIME_S, MARK_OCTETS, SLOTS, Sightings
from tests.fakes.clock import Clock


def test_tells_what_was_seen_to_who_holds_the_mark() -> None:
    sightings = Sightings(Clock())
    mark, other = sightings.issue(), sightings.issue()
    sightings.note(mark, {"transport": "tls", "alpn": None, "resumed": True})
    assert sightings.look(mark) == {"transport": "tls", "alpn": None, "resumed": True}
    assert sightings.look(other) is None


def test_the_first_sighting_counts() -> None:
    sightings = Sightings(Clock())
    mark = sightings.issue()
    sightings.note(mark, {"transport": "udp"})
    sightings.note(mark, {"transport": "tls"})
    assert sightings.look(mark) == {"transport": "udp"}


def test_nobody_can_note_or_look_with_a_mark_that_was_not_issued() -> None:
    sightings = Sightings(Clock())
    mark = sightings.issue()
    for guess in (mark[:1] + bytes(16), bytes(MARK_OCTETS), b"", mark[:-1], mark + b"\0", bytes([255]) * MARK_OCTETS):
        sightings.note(guess, {"transport": "tls"})
        assert sightings.look(guess) is None
    assert sightings.look(mark) is None


def test_a_mark_is_good_for_a_minute() -> None:
    clock = Clock()
    sightings = Sightings(clock)
    mark = sightings.issue()
    clock.now_s += LIFETIME_S
    sightings.note(mark, {"transport": "tls"})
    assert sightings.look(mark) is not None
    clock.now_s += 0.1
    assert sightings.look(mark) is None


def test_the_oldest_goes_when_all_slots_are_taken() -> None:
    sightings = Sightings(Clock())
    marks = [sightings.issue() for _ in range(SLOTS + 1)]
    for mark in marks:
        sightings.note(mark, {"transport": "tls"})
    assert [sightings.look(mark) is not None for mark in marks] == [False, *[True] * SLOTS]
    assert len(set(marks)) == SLOTS + 1


def test_what_one_worker_saw_another_tells() -> None:
    sightings = Sightings(Clock())
    mark = sightings.issue()
    worker = os.fork()
    if worker == 0:
        sightings.note(mark, {"transport": "tls"})
        os._exit(0)
    os.waitpid(worker, 0)
    assert sightings.look(mark) == {"transport": "tls"}


def test_a_note_that_is_too_long_for_its_slot_leaves_the_neighbour_alone() -> None:
    sightings = Sightings(Clock())
    first, second = sightings.issue(), sightings.issue()
    sightings.note(second, {"client": "second"})
    sightings.note(first, {"client": "x" * 1000})
    assert sightings.look(first) is None
    assert sightings.look(second) == {"client": "second"}


@given(mark=st.binary(max_size=40))
def test_no_octets_break_it(mark: bytes) -> None:
    sightings = Sightings(Clock())
    sightings.note(mark, {"transport": "tls"})
    assert sightings.look(mark) is None
