import os

from hypothesis import given
from hypothesis import strategies as st

from app.dot.nonce_store import LIFETIME_S, NONCE_OCTETS, SLOTS, NonceStore
from tests.fakes.clock import Clock


def test_tells_what_was_seen_to_who_holds_the_mark() -> None:
    store = NonceStore(Clock())
    nonce, other = store.issue(), store.issue()
    store.note(nonce, {"transport": "tls", "alpn": None, "resumed": True})
    assert store.look(nonce) == {"transport": "tls", "alpn": None, "resumed": True}
    assert store.look(other) is None


def test_the_first_sighting_counts() -> None:
    store = NonceStore(Clock())
    nonce = store.issue()
    store.note(nonce, {"transport": "udp"})
    store.note(nonce, {"transport": "tls"})
    assert store.look(nonce) == {"transport": "udp"}


def test_nobody_can_note_or_look_with_a_mark_that_was_not_issued() -> None:
    store = NonceStore(Clock())
    nonce = store.issue()
    for guess in (
        nonce[:1] + bytes(16),
        bytes(NONCE_OCTETS),
        b"",
        nonce[:-1],
        nonce + b"\0",
        bytes([255]) * NONCE_OCTETS,
    ):
        store.note(guess, {"transport": "tls"})
        assert store.look(guess) is None
    assert store.look(nonce) is None


def test_a_mark_is_good_for_a_minute() -> None:
    clock = Clock()
    store = NonceStore(clock)
    nonce = store.issue()
    clock.now_s += LIFETIME_S
    store.note(nonce, {"transport": "tls"})
    assert store.look(nonce) is not None
    clock.now_s += 0.1
    assert store.look(nonce) is None


def test_the_oldest_goes_when_all_slots_are_taken() -> None:
    store = NonceStore(Clock())
    nonces = [store.issue() for _ in range(SLOTS + 1)]
    for nonce in nonces:
        store.note(nonce, {"transport": "tls"})
    assert [store.look(nonce) is not None for nonce in nonces] == [False, *[True] * SLOTS]
    assert len(set(nonces)) == SLOTS + 1


def test_what_one_worker_saw_another_tells() -> None:
    store = NonceStore(Clock())
    nonce = store.issue()
    worker = os.fork()
    if worker == 0:
        store.note(nonce, {"transport": "tls"})
        os._exit(0)
    os.waitpid(worker, 0)
    assert store.look(nonce) == {"transport": "tls"}


def test_a_note_that_is_too_long_for_its_slot_leaves_the_neighbour_alone() -> None:
    store = NonceStore(Clock())
    first, second = store.issue(), store.issue()
    store.note(second, {"client": "second"})
    store.note(first, {"client": "x" * 1000})
    assert store.look(first) is None
    assert store.look(second) == {"client": "second"}


@given(nonce=st.binary(max_size=40))
def test_no_octets_break_it(nonce: bytes) -> None:
    store = NonceStore(Clock())
    store.note(nonce, {"transport": "tls"})
    assert store.look(nonce) is None
