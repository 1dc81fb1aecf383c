import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lists.schedule import after_failure, after_success, is_due

NOW_S, DAY_S = 1_700_000_000.0, 86400.0
DRAWN = st.floats(0, 1)


@given(DRAWN)
def test_after_a_success_it_is_due_around_the_time_that_was_set(drawn: float) -> None:
    next_s = after_success(NOW_S, DAY_S, drawn)
    assert 0.9 * DAY_S - 1 <= next_s - NOW_S <= 1.1 * DAY_S + 1
    assert not is_due(next_s - 1, next_s, DAY_S)
    assert is_due(next_s, next_s, DAY_S)


@given(DRAWN, st.integers(1, 10_000))
def test_after_failures_it_is_due_sooner_and_never_later_than_usual(drawn: float, failures: int) -> None:
    pause_s = after_failure(NOW_S, DAY_S, failures, drawn) - NOW_S
    assert 5 <= pause_s <= DAY_S
    assert not is_due(NOW_S, NOW_S + pause_s, DAY_S)


def test_every_failure_doubles_the_pause() -> None:
    pauses = [round(after_failure(0, DAY_S, failures, 0)) for failures in range(1, 20)]
    assert pauses[:4] == [10, 20, 40, 80]
    assert pauses[-1] == DAY_S


def test_two_homes_do_not_ask_at_the_same_time() -> None:
    assert after_success(0, DAY_S, 0.1) != after_success(0, DAY_S, 0.9)
    assert after_failure(0, DAY_S, 5, 0.1) != after_failure(0, DAY_S, 5, 0.9)


@pytest.mark.parametrize("wrong_by_s", [-10 * DAY_S, -50 * 365 * DAY_S])
def test_a_clock_that_was_set_back_makes_no_list_wait_for_years(wrong_by_s: float) -> None:
    assert is_due(NOW_S + wrong_by_s, after_success(NOW_S, DAY_S, 0.5), DAY_S)


@pytest.mark.parametrize(
    ("later_s", "least_s", "most_s"), [(0, 0, 10), (5, 5, 10), (3600, 3600, 3600), (1e9, DAY_S, DAY_S)]
)
def test_a_server_that_wants_to_be_asked_later_is_but_not_beyond_a_usual_refresh(
    later_s: float, least_s: float, most_s: float
) -> None:
    assert least_s <= after_failure(0.0, DAY_S, 1, 0.5, later_s) <= most_s
