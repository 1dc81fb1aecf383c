import os

from app.dot.counters import Count, Counters


def test_the_sum_over_the_workers_is_the_whole() -> None:
    counters = Counters(2)
    counters.row(0)[Count.QUERIES] += 3
    counters.row(1)[Count.QUERIES] += 4
    assert counters.total(Count.QUERIES) == 7
    assert counters.totals()["queries"] == 7
    assert counters.totals()["accepted"] == 0


def test_what_a_forked_worker_counts_is_seen_by_its_parent() -> None:
    counters = Counters(2)
    child = os.fork()
    if child == 0:
        counters.row(1)[Count.ACCEPTED] += 5
        os._exit(0)
    os.waitpid(child, 0)
    assert counters.total(Count.ACCEPTED) == 5
