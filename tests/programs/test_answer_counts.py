import pytest

from app.answer.tally import BOGUS, FAILED, INSECURE, LOCAL, REFUSED, SECURE, STALE, AnswerOutcome, Said, Tally
from app.programs.answer_counts import AnswerCounts


def tally(said: Said, rcode: int = 0, *, hits: int = 0, waited: tuple[int, ...] = (), waited_s: float = 0.0) -> Tally:
    """`waited` are the first buckets."""
    made = Tally(said, rcode)
    made.hits, made.waited_s = hits, waited_s
    made.waited[: len(waited)] = waited
    return made


def told(counts: AnswerCounts, name: str) -> dict[str, int]:
    """What is not zero."""
    return {key: number for key, number in counts.totals()[name].items() if number}


def test_answers_are_counted_by_transport_and_rcode_those_of_the_cache_too() -> None:
    counts = AnswerCounts()
    row = counts.row(0)
    row.take("dot", [tally(INSECURE, 0, hits=5, waited=(1,)), tally(FAILED, 2, waited=(2,))], {}, 0.0)
    row.take("udp", [tally(REFUSED, 16, waited=(1,)), tally(INSECURE, 9, waited=(1,))], {}, 0.0)
    assert told(counts, "answers") == {"dot NOERROR": 6, "dot SERVFAIL": 2, "udp BADVERS": 1, "udp other": 1}


def test_what_was_taken_is_not_taken_again() -> None:
    counts = AnswerCounts()
    each = tally(INSECURE, hits=5, waited=(1,), waited_s=0.001)
    for _ in range(2):
        counts.row(0).take("dot", [each], {}, 0.0)
    assert told(counts, "answers") == {"dot NOERROR": 6}
    assert (each.hits, each.misses, each.waited_s) == (0, 0, 0.0)


def test_the_numbers_are_those_of_all_workers() -> None:
    counts = AnswerCounts(3)
    for worker in range(3):
        row = counts.row(worker)
        row.take("tcp", [tally(LOCAL, waited=(worker,))], {}, 0.0)
        row.set_cache(10 * worker, 1000 * worker)
        row.set_cache(worker, 100 * worker)
    assert told(counts, "answers") == {"tcp NOERROR": 3}
    assert (counts.totals()["cache_entries"], counts.totals()["cache_bytes"]) == ({"": 3}, {"": 300})


@pytest.mark.parametrize(
    ("said", "source"),
    [
        (INSECURE, "unbound"),
        (STALE, "stale"),
        (LOCAL, "here"),
        (REFUSED, "here"),
        (FAILED, "failed"),
        (BOGUS, "failed"),
    ],
)
def test_durations_are_told_by_where_the_answer_came_from(said: Said, source: str) -> None:
    counts = AnswerCounts()
    counts.row(0).take("dot", [tally(said, hits=7, waited=(2, 0, 1), waited_s=0.0065)], {}, 0.002)
    assert told(counts, "answer_duration_seconds") == {
        "cache 0.0025": 7, "cache us": 14_000, f"{source} 0.001": 2, f"{source} 0.005": 1, f"{source} us": 6_500,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("turn_s", "bucket"), [(0.0, "0.001"), (0.001, "0.001"), (0.0011, "0.0025"), (5.0, "5.0"), (60.0, "+Inf")]
)
def test_what_comes_from_the_cache_took_as_long_as_a_turn_of_the_loop(turn_s: float, bucket: str) -> None:
    counts = AnswerCounts()
    counts.row(0).take("dot", [tally(SECURE, hits=1)], {}, turn_s)
    assert f"cache {bucket}" in told(counts, "answer_duration_seconds")


def test_validation_is_counted_once_for_each_answer_of_unbound() -> None:
    counts = AnswerCounts()
    tallies = [tally(SECURE, hits=9, waited=(1,)), tally(BOGUS, 2, waited=(2,)), tally(STALE, waited=(4,))]
    counts.row(0).take("dot", tallies, {}, 0.0)
    assert told(counts, "validations") == {"secure": 1, "bogus": 2}


def test_blocked_answers_are_counted_by_the_number_of_the_list_whatever_it_calls_itself() -> None:
    counts = AnswerCounts(lists=3)
    blocked = [Said(AnswerOutcome.BLOCKED, title) for title in ("Pro", "blocking.deny", "secure", "one of before")]
    tallies = [tally(said, hits=1, waited=(number,)) for number, said in enumerate(blocked)]
    counts.row(0).take("dot", tallies, {"Pro": 3, "secure": 1}, 0.0)
    assert counts.totals()["blocked"] == {"0": 2 + 4, "1": 3, "2": 0, "3": 1}
    assert told(counts, "validations") == {}


def test_there_are_as_many_numbers_before_anybody_asked_as_after() -> None:
    counts = AnswerCounts(lists=2)
    before = {name: set(numbers) for name, numbers in counts.totals().items()}
    odd = [tally(Said(AnswerOutcome.BLOCKED, f"title {number}"), number, waited=(1,)) for number in range(500)]
    counts.row(0).take("dot", odd, {}, 0.0)
    assert {name: set(numbers) for name, numbers in counts.totals().items()} == before
