"""What became of questions, in memory that workers share."""

import os

from app.answer.evidence import KEPT_MISSES, Evidence, MissKind, Seen


def test_at_first_nothing_was_seen() -> None:
    assert Evidence(2).seen() == Seen()


def test_the_newest_of_all_workers_counts() -> None:
    evidence = Evidence(2)
    evidence.row(0).reached(100.5)
    evidence.row(1).reached(99.0)
    evidence.row(1).heard(101.0)
    evidence.row(1).recovered(98.0)
    assert evidence.seen() == Seen(101.0, 100.5, 98.0)


def test_what_a_forked_worker_saw_is_seen_by_its_parent() -> None:
    evidence = Evidence(2)
    child = os.fork()
    if child == 0:
        evidence.row(1).missed(7.0, MissKind.BOGUS, b"\x07example\0", "192.168.1.5")
        os._exit(0)
    os.waitpid(child, 0)
    (miss,) = evidence.seen().misses
    assert (miss.at_s, miss.kind) == (7.0, MissKind.BOGUS)


def test_two_of_one_domain_and_one_client_can_be_told_from_two_of_others() -> None:
    evidence = Evidence()
    for domain, client in ((b"a", "1"), (b"a", "1"), (b"b", "2")):
        evidence.row(0).missed(1.0, MissKind.FAILED, domain, client)
    first, second, third = evidence.seen().misses
    assert (first.domain, first.client) == (second.domain, second.client)
    assert first.domain != third.domain
    assert first.client != third.client


def test_only_the_last_misses_are_kept() -> None:
    evidence = Evidence()
    for number in range(3 * KEPT_MISSES + 1):
        evidence.row(0).missed(float(number), MissKind.STALE, b"a", "1")
    kept = sorted(each.at_s for each in evidence.seen().misses)
    assert kept == [float(number) for number in range(2 * KEPT_MISSES + 1, 3 * KEPT_MISSES + 1)]
