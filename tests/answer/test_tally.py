import pytest

from app.answer.policy import Kind, NameVerdict
from app.answer.tally import BOUNDS_S, CHANGED, LOCAL, SECURE, AnswerOutcome, Said, Tallies, Tally, said_by


@pytest.mark.parametrize("kind", Kind)
def test_what_is_answered_here_says_who_decided(kind: Kind) -> None:
    said = said_by(NameVerdict(kind, "ads.example", "Pro"))
    if kind in (Kind.DENIED, Kind.LISTED, Kind.LISTED_IMPORTANTLY):
        assert said == Said(AnswerOutcome.BLOCKED, "Pro")
    elif kind in (Kind.SPECIAL, Kind.LOCAL, Kind.RESERVED):
        assert said is LOCAL
    else:
        assert said is CHANGED


def test_each_kind_of_answer_has_one_tally() -> None:
    tallies = Tallies()
    assert not any(tally.misses or tally.hits for tally in tallies.values())
    first = tallies[Said(AnswerOutcome.BLOCKED, "Pro"), 0]
    assert (first.said.why, first.rcode) == ("Pro", 0)
    assert tallies[Said(AnswerOutcome.BLOCKED, "Pro"), 0] is first
    assert tallies[Said(AnswerOutcome.BLOCKED, "Pro"), 3] is not first
    assert tallies[SECURE, 0].said is SECURE


def test_bounds_go_up_from_a_millisecond_and_misses_are_all_that_is_in_a_bucket() -> None:
    assert BOUNDS_S[0] == 0.001
    assert list(BOUNDS_S) == sorted(set(BOUNDS_S))
    tally = Tally()
    assert len(tally.waited) == len(BOUNDS_S) + 1
    tally.waited[0], tally.waited[-1] = 2, 3
    assert tally.misses == 5
