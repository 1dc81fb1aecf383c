"""When the public name's certificate is renewed: single rules, and years on a clock of the tests' own.

In those years authorities are down for ten days, move their windows and limit; tokens are revoked and put right, boxes
are off for a month, and clocks are wrong at first. A seed draws what happens when.
"""

import random
from dataclasses import dataclass, field, replace

import pytest

from app.publicname.contract import NameOutcome
from app.publicname.schedule import (
    DAY_S,
    FIRST_AGAIN_S,
    HOUR_S,
    LAST_AGAIN_S,
    LONGEST_WAIT_S,
    MINUTE_S,
    Due,
    Life,
    Progress,
    after,
    begun,
    due,
    from_json,
    renewal_s,
)  # fmt: skip

NOW_S = 1_800_000_000.0
ADDRESSES = ("192.168.1.10",)
LIFE = Life(NOW_S, NOW_S + 90 * DAY_S)
QUIET = Progress(addresses=ADDRESSES, ask_s=NOW_S + 6 * HOUR_S)


def failed(progress: Progress, life: Life | None = None, now_s: float = NOW_S, **more: object) -> Progress:
    outcome = replace(NameOutcome(fault="no"), **more)  # type: ignore[arg-type]
    return after(progress, ADDRESSES, outcome, life, now_s=now_s, lot=0.5)


def test_without_a_certificate_one_is_ordered_and_addresses_are_set() -> None:
    assert due(Progress(), None, ADDRESSES, NOW_S) == Due(order=True, ask=True, addresses=True)


def test_addresses_that_are_left_alone_are() -> None:
    assert due(Progress(ask_s=NOW_S + 1), LIFE, None, NOW_S) is None


def test_with_a_young_certificate_there_is_nothing_to_do() -> None:
    assert due(QUIET, LIFE, ADDRESSES, NOW_S) is None


def test_another_address_is_told_at_once() -> None:
    assert due(QUIET, LIFE, ("192.168.1.11",), NOW_S) == Due(addresses=True)


def test_an_address_that_comes_and_goes_is_not_told_each_minute() -> None:
    just_told = replace(QUIET, tried_s=NOW_S)
    assert due(just_told, LIFE, ("192.168.1.11",), NOW_S + MINUTE_S) is None
    assert due(just_told, LIFE, ("192.168.1.11",), NOW_S + FIRST_AGAIN_S) == Due(addresses=True)


@pytest.mark.parametrize(("days", "share"), [(90, 2 / 3), (45, 2 / 3), (6, 1 / 2)])
def test_without_the_authoritys_word_shares_of_a_life_decide(days: int, share: float) -> None:
    assert renewal_s(Life(0, days * DAY_S), None) == pytest.approx(days * DAY_S * share)


def test_the_authoritys_word_decides_but_not_beyond_the_end() -> None:
    life = Life(0, 90 * DAY_S)
    assert renewal_s(life, DAY_S) == DAY_S
    assert renewal_s(life, 500 * DAY_S) == pytest.approx(81 * DAY_S)


def test_a_fault_is_tried_again_later_and_later() -> None:
    progress, waits = QUIET, []
    for _ in range(12):
        progress = failed(progress)
        waits.append(progress.not_before_s - NOW_S)
    assert waits[:4] == [FIRST_AGAIN_S * factor for factor in (1, 2, 4, 8)]
    assert waits[-1] == LAST_AGAIN_S


def test_boxes_do_not_come_all_at_once() -> None:
    outcome = NameOutcome(fault="no")
    waits = [after(QUIET, None, outcome, None, now_s=NOW_S, lot=lot).not_before_s - NOW_S for lot in (0.0, 1.0)]
    assert waits == [0.75 * FIRST_AGAIN_S, 1.25 * FIRST_AGAIN_S]


def test_the_authority_is_not_asked_before_it_wants_to_be() -> None:
    progress = failed(QUIET, retry_after_s=3 * DAY_S)
    assert due(progress, None, ADDRESSES, NOW_S + 3 * DAY_S - 1) is None
    assert due(progress, None, ADDRESSES, NOW_S + 3 * DAY_S) is not None


def test_with_little_life_left_it_is_tried_more_often() -> None:
    progress = QUIET
    for _ in range(12):
        progress = failed(progress, Life(NOW_S - 80 * DAY_S, NOW_S + DAY_S))
    assert progress.not_before_s - NOW_S == 3 * HOUR_S


def test_after_a_fault_that_settings_mend_a_start_waits_a_minute() -> None:
    progress = QUIET
    for _ in range(9):
        progress = failed(progress, is_of_settings=True)
    assert begun(progress).not_before_s == NOW_S + MINUTE_S
    assert begun(failed(QUIET)).not_before_s == NOW_S + FIRST_AGAIN_S


def test_success_forgets_what_was_wrong_and_what_the_authority_said_of_the_last_one() -> None:
    outcome = NameOutcome(chain_pem="new", addresses_set=True)
    progress = after(replace(failed(QUIET), renew_s=1.0), ADDRESSES, outcome, LIFE, now_s=NOW_S, lot=0.5)
    assert (progress.failures, progress.fault, progress.not_before_s, progress.renew_s) == (0, "", 0.0, None)


def test_what_was_noted_by_a_clock_that_was_ahead_holds_nobody_up() -> None:
    ahead = failed(QUIET, now_s=NOW_S + 400 * DAY_S)
    assert due(ahead, None, ADDRESSES, NOW_S) is not None


def test_an_authority_is_asked_when_to_renew_between_an_hour_and_a_day_from_now() -> None:
    for told_s, asked_s in ((1.0, HOUR_S), (400 * DAY_S, DAY_S), (0.0, 6 * HOUR_S)):
        outcome = NameOutcome(ask_again_s=told_s and NOW_S + told_s)
        assert after(QUIET, None, outcome, LIFE, now_s=NOW_S, lot=0.5).ask_s == NOW_S + asked_s


def test_what_is_noted_is_read_again() -> None:
    progress = failed(QUIET, is_of_settings=True)
    assert from_json(progress.to_json()) == progress
    assert from_json('{"failures": 1, "of a later version": 2}') == Progress(failures=1)


@pytest.mark.parametrize("text", ["", "[]", "null", '{"ask_s": "x"}', '{"renew_s": []}'])
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|Expecting"):
        from_json(text)


# --- years ------------------------------------------------------------------------------------------------------------

TICK_S = 10 * MINUTE_S
"""In these years upkeep looks so seldom: five years of them take some seconds."""


@dataclass
class Years:
    """One box and one authority. `available_since_s` is since when a certificate could be had, None: it cannot."""

    seed: int
    life_s: float
    days: float
    lots: random.Random = field(init=False)
    now_s: float = NOW_S
    progress: Progress = field(default_factory=Progress)
    life: Life | None = None
    window_s: float | None = None
    limited_until_s: float = 0.0
    available_since_s: float | None = NOW_S
    tries: list[float] = field(default_factory=list)
    orders: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lots = random.Random(self.seed)
        self.down = self._spans(60 * DAY_S, 10 * DAY_S)
        self.revoked = self._spans(120 * DAY_S, 4 * DAY_S)
        self.off = self._spans(150 * DAY_S, 30 * DAY_S)
        self.on_since_s = self.now_s

    def _spans(self, every_s: float, longest_s: float) -> list[tuple[float, float]]:
        """Times of trouble, one in each `every_s`."""
        starts = range(int(self.days * DAY_S / every_s) + 1)
        begins = [NOW_S + (number + self.lots.random() / 2 + 0.2) * every_s for number in starts]
        return [(begin, begin + self.lots.random() * longest_s) for begin in begins]

    def _is_in(self, spans: list[tuple[float, float]]) -> bool:
        return any(begin <= self.now_s < end for begin, end in spans)

    def run(self) -> None:
        was_off = False
        while self.now_s < NOW_S + self.days * DAY_S:
            self.now_s += TICK_S
            if self._is_in(self.off):
                was_off = True
                continue
            if was_off:
                self.progress, was_off, self.on_since_s = begun(self.progress), False, self.now_s
            self._tick()
            self._check()

    def _tick(self) -> None:
        could = not self._is_in(self.down) and not self._is_in(self.revoked) and self.now_s >= self.limited_until_s
        if not could:
            self.available_since_s = None
        elif self.available_since_s is None:
            self.available_since_s = self.now_s
        todo = due(self.progress, self.life, ADDRESSES, self.now_s)
        if todo is None:
            return
        assert self.now_s >= self.limited_until_s, "asked before the authority wanted to be"
        outcome = self._outcome(todo)
        if outcome.chain_pem:
            self.life, self.window_s = Life(self.now_s - HOUR_S, self.now_s - HOUR_S + self.life_s), None
            self.orders.append(self.now_s)
        lot = self.lots.random()
        self.progress = after(self.progress, ADDRESSES, outcome, self.life, now_s=self.now_s, lot=lot)

    def _outcome(self, todo: Due) -> NameOutcome:
        if not (todo.order or todo.addresses):
            return self._renewal() if not self._is_in(self.down) else NameOutcome(ask_again_s=0.0)
        self.tries.append(self.now_s)
        if self._is_in(self.revoked):
            return NameOutcome(fault="token", is_of_settings=True)
        if self._is_in(self.down):
            return NameOutcome(fault="down", addresses_set=True)
        if self.lots.random() < 0.02:
            self.limited_until_s = self.now_s + self.lots.random() * 2 * DAY_S
            return NameOutcome(fault="limit", retry_after_s=self.limited_until_s - self.now_s, addresses_set=True)
        return NameOutcome(chain_pem="new" if todo.order else None, addresses_set=True)

    def _renewal(self) -> NameOutcome:
        """Its window, which it moves to now once in a while, as after a mistake of its own, and sometimes far away."""
        if self.life is None:
            return NameOutcome(ask_again_s=0.0)
        drawn = self.lots.random()
        if drawn < 0.002:
            self.window_s = self.now_s
        elif drawn < 0.004:
            self.window_s = self.now_s + 900 * DAY_S
        elif self.window_s is None:
            self.window_s = self.life.begin_s + self.life.length_s * (0.6 + self.lots.random() / 20)
        return NameOutcome(renew_s=self.window_s, ask_again_s=self.now_s + 6 * HOUR_S)

    def _check(self) -> None:
        """Expired is only what could not be had: not for the last hours, or since the box is on again."""
        if self.life is not None and self.now_s < self.life.end_s:
            return
        if self.available_since_s is None:
            return
        could_s = self.now_s - max(self.available_since_s, self.on_since_s)
        assert could_s <= 1.25 * LAST_AGAIN_S + 2 * TICK_S, f"expired for {could_s} s while one could be had"
        if self.life is not None and self.available_since_s < self.life.end_s and self.on_since_s < self.life.end_s:
            before_s = self.life.end_s - max(self.available_since_s, self.on_since_s)
            assert before_s <= 1.25 * max(HOUR_S, self.life.length_s / 8) + 2 * TICK_S, (
                "it ended, and could be had before"
            )

    def most_in(self, times: list[float], span_s: float) -> int:
        return max((sum(begin <= each < begin + span_s for each in times) for begin in times), default=0)


def lived(seed: int, life_days: int, days: float) -> Years:
    years = Years(seed, life_days * DAY_S, days)
    years.run()
    return years


def check_storms(years: Years, life_days: int) -> None:
    assert years.most_in(years.tries, HOUR_S) <= 5
    assert years.most_in(years.tries, DAY_S) <= 40
    assert years.most_in(years.orders, 7 * DAY_S) <= 5  # Let's Encrypt's limit for the same names
    assert len(years.orders) >= years.days / life_days / 2
    assert years.progress.not_before_s <= years.now_s + LONGEST_WAIT_S


@pytest.mark.parametrize("life_days", [6, 45, 90])
@pytest.mark.parametrize("seed", range(5))
def test_in_a_year_of_trouble_it_never_serves_an_expired_one_while_another_could_be_had(
    seed: int, life_days: int
) -> None:
    check_storms(lived(seed, life_days, 365), life_days)


@pytest.mark.soak
@pytest.mark.parametrize("life_days", [6, 45])
@pytest.mark.parametrize("seed", range(100, 150))
def test_in_five_years_of_trouble_it_does_not_either(seed: int, life_days: int) -> None:
    check_storms(lived(seed, life_days, 5 * 365), life_days)
