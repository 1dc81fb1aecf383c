"""What must have been seen before this box calls itself anything but well."""

import random
from collections.abc import Callable
from datetime import UTC, datetime

from app.doctor.condition import Condition, ConditionKind
from app.doctor.judgement import APART_S, Cause, Judge, OwnAnswer, Sight, Trouble, Wishes

WALL_S = 1772359200.0
HOUR_S = 3600
UNREACHABLE, WELL = Cause(ConditionKind.UNREACHABLE), Cause(ConditionKind.WELL)
UNSIGNED = Cause(ConditionKind.FORWARDER_NOT_VALIDATING, "router")


class House:
    """A judge, and a world: `own` is what our own question gives at this moment, `cause` what a closer look finds;
    `pongs` says whether unbound is there."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.own, self.cause, self.pongs = OwnAnswer.PROVEN, WELL, True
        self.asked_s: list[float] = []
        self.looks = 0
        self.told: list[ConditionKind] = []
        self.troubles: list[Trouble] = []
        self.reached_s = self.recovered_s = self.heard_s = 0.0
        self.judge = Judge(self.now_s, lambda _: UNREACHABLE)

    def second(self, *, looks: bool = True) -> None:
        self.now_s += 1
        sight = Sight(self.heard_s, self.reached_s, self.recovered_s, tuple(self.troubles[-32:]))
        wishes = self.judge.tick(self.now_s, self.wall_s, sight)
        if wishes.ping:
            self.judge.ponged(self.now_s, self.wall_s, has_answered=self.pongs)
        if wishes.ask:
            self.asked_s.append(self.now_s)
            wishes = self.judge.answered(self.own, self.now_s, self.wall_s)
            if wishes.look and looks:
                self.looks += 1
                self.judge.looked(self.cause, self.now_s, self.wall_s)
        if not self.told or self.told[-1] is not self.kind:
            self.told.append(self.kind)

    def seconds(self, count: int, each: Callable[[], object] = lambda: None, *, looks: bool = True) -> "House":
        for _ in range(count):
            each()
            self.second(looks=looks)
        return self

    def answers(self) -> None:
        """Somebody's question was answered from outside."""
        self.reached_s = self.heard_s = self.now_s

    def fails(self, *domains: int, bogus: bool = False, stale: bool = False) -> None:
        self.heard_s = self.now_s
        self.troubles += [Trouble(self.now_s, domain, bogus, stale) for domain in domains]

    def says(self, kind: ConditionKind) -> bool:
        return self.kind is kind

    @property
    def wall_s(self) -> float:
        return WALL_S + self.now_s - 1000.0

    @property
    def condition(self) -> Condition:
        return self.judge.condition(datetime.fromtimestamp(self.wall_s, UTC))

    @property
    def kind(self) -> ConditionKind:
        return self.condition.kind


def well() -> House:
    """One that is, with an answer this second."""
    house = House().seconds(121)
    house.answers()
    house.second()
    assert house.says(ConditionKind.WELL)
    return house


def test_at_first_nobody_can_tell_and_that_is_not_well() -> None:
    judge = Judge(1000.0, lambda _: UNREACHABLE)
    condition = judge.condition(datetime.fromtimestamp(WALL_S, UTC))
    assert condition.kind is ConditionKind.CANNOT_TELL
    assert not condition.is_well
    assert judge.tick(1001.0, WALL_S + 1, Sight()) == Wishes(ping=True)
    judge.ponged(1001.1, WALL_S + 1, has_answered=True)
    assert judge.tick(1002.0, WALL_S + 2, Sight()) == Wishes(ask=True)


def test_it_is_well_once_somebody_outside_has_answered_anybody() -> None:
    house = House()
    house.own, house.now_s = OwnAnswer.NOTHING, 1001.0
    house.answers()
    house.second(looks=False)
    assert house.says(ConditionKind.WELL)


def test_it_is_unwell_once_our_own_question_came_to_nothing_and_a_cause_was_found() -> None:
    house = well()
    house.own, house.cause = OwnAnswer.NOTHING, Cause(ConditionKind.FORWARDER_SILENT, "router")
    begun_s = house.now_s
    for number in range(2):
        house.fails(number)
    house.second()
    assert house.condition.sentence == "Answers, but the forwarder does not answer: router"
    assert house.condition.since_s == WALL_S + begun_s - 1000.0


def test_who_looks_for_a_cause_may_be_gone_and_then_there_is_a_sentence_all_the_same() -> None:
    house = well()
    house.own = OwnAnswer.NOTHING
    house.fails(1, 2)
    house.seconds(10, looks=False)
    assert house.says(ConditionKind.WELL)
    house.seconds(5, looks=False)
    assert house.says(ConditionKind.UNREACHABLE)


def test_one_broken_domain_is_no_outage() -> None:
    house = well()
    asked = len(house.asked_s)
    house.seconds(50, each=lambda: house.fails(1))
    assert (house.kind, len(house.asked_s)) == (ConditionKind.WELL, asked)


def test_one_client_that_asks_only_for_broken_names_is_no_outage() -> None:
    house, numbers = well(), iter(range(10**6))
    house.seconds(600, each=lambda: house.fails(next(numbers)))
    assert set(house.told[1:]) <= {ConditionKind.WELL}
    assert len(house.asked_s) <= 5 + 2 * 10 + 1


def test_domains_that_failed_while_all_was_well_raise_no_suspicion_again() -> None:
    house = well()
    house.fails(1, 2)
    house.second()
    house.answers()
    asked = len(house.asked_s)
    for _ in range(100):
        house.answers()
        house.second()
        house.fails(1, 2)
        house.second()
    assert len(house.asked_s) == asked


def test_an_answer_from_outside_between_two_failures_lifts_the_suspicion() -> None:
    house = well()
    asked = len(house.asked_s)
    for number in range(200):
        house.fails(number)
        house.second()
        house.answers()
        house.second()
    assert len(house.asked_s) == asked


def test_a_quiet_house_is_asked_for_twice_a_minute() -> None:
    house = House().seconds(HOUR_S)
    assert len(house.asked_s) <= 120
    assert min(b - a for a, b in zip(house.asked_s, house.asked_s[1:], strict=False)) >= APART_S
    assert house.told[-1] is ConditionKind.WELL


def test_a_busy_one_never() -> None:
    house = House()
    house.answers()
    house.second()
    asked = len(house.asked_s)
    house.seconds(HOUR_S, each=house.answers)
    assert len(house.asked_s) == asked


def test_a_fault_in_a_quiet_house_is_told_within_half_a_minute_and_so_is_its_end() -> None:
    house = House().seconds(300)
    for wait in range(31):
        house.seconds(100 + wait)
        house.own, house.cause = OwnAnswer.NOTHING, UNREACHABLE
        house.seconds(30)
        assert house.says(ConditionKind.UNREACHABLE)
        house.seconds(wait)
        house.own, house.cause = OwnAnswer.PROVEN, WELL
        house.seconds(30)
        assert house.says(ConditionKind.WELL)


def test_its_end_is_seen_in_what_is_asked() -> None:
    house = well()
    house.own, house.cause = OwnAnswer.NOTHING, UNREACHABLE
    house.fails(1, 2)
    house.second()
    assert house.says(ConditionKind.UNREACHABLE)
    house.answers()  # may be out of unbound's cache, on a slow machine
    house.second()
    assert house.says(ConditionKind.UNREACHABLE)
    house.now_s += 1
    house.recovered_s = house.now_s
    house.second()
    assert house.says(ConditionKind.WELL)


def test_a_look_that_finds_nothing_once_is_believed_and_twice_it_is_not() -> None:
    house = House().seconds(100)
    house.own, house.cause = OwnAnswer.NOTHING, WELL
    house.seconds(31)
    assert house.says(ConditionKind.WELL)
    house.seconds(31)
    assert house.says(ConditionKind.UNREACHABLE)


def test_signatures_that_are_missing_are_told_though_somebody_answers() -> None:
    house = well()
    house.own, house.cause = OwnAnswer.REACHED, UNSIGNED
    house.fails(1, 2, bogus=True)
    house.second()
    assert house.says(ConditionKind.FORWARDER_NOT_VALIDATING)
    house.seconds(100)
    assert house.says(ConditionKind.FORWARDER_NOT_VALIDATING)
    house.cause = WELL
    house.seconds(31)
    assert house.says(ConditionKind.WELL)


def test_domains_with_wrong_signatures_are_their_owners_fault_where_signatures_come_through() -> None:
    house = well()
    house.own = OwnAnswer.REACHED
    house.fails(1, 2, bogus=True)
    house.seconds(100)
    assert set(house.told[1:]) <= {ConditionKind.WELL}


def test_names_that_are_rewritten_and_come_through_all_the_same_are_told_until_somebody_sees_that_it_is_over() -> None:
    house = well()
    house.cause = Cause(ConditionKind.REWRITTEN)
    house.judge.looked(house.cause, house.now_s, house.wall_s)
    house.seconds(100, each=house.answers)
    house.recovered_s = house.now_s
    house.seconds(100)
    assert house.told[-1] is ConditionKind.REWRITTEN
    house.cause = WELL
    house.seconds(31)
    assert house.says(ConditionKind.WELL)


def test_an_unbound_that_says_nothing_is_told_within_half_a_minute_and_that_it_is_back_too() -> None:
    house = well()
    house.pongs, house.own = False, OwnAnswer.NOTHING
    house.seconds(20)
    assert house.condition.sentence == "Does not answer: unbound does not run, or hangs"
    asked = len(house.asked_s)
    house.seconds(200)
    assert len(house.asked_s) == asked
    house.pongs, house.own = True, OwnAnswer.PROVEN
    house.seconds(30)
    assert house.says(ConditionKind.WELL)


def test_one_lost_ping_is_no_outage() -> None:
    house = well()
    house.seconds(10)
    house.pongs = False
    house.seconds(2)
    house.pongs = True
    house.seconds(20)
    assert ConditionKind.NOT_ANSWERING not in house.told


def test_old_answers_that_bridge_an_outage_are_told_since_when() -> None:
    house = well()
    house.own, house.cause = OwnAnswer.NOTHING, UNREACHABLE
    house.fails(1, 2, stale=True)
    since = datetime.fromtimestamp(house.wall_s, UTC)
    house.second()
    house.seconds(300, each=lambda: house.fails(3, stale=True))
    assert house.condition.remark == f"old answers bridge it since {since:%H:%M}"
    house.own, house.cause = OwnAnswer.PROVEN, WELL
    house.seconds(31)
    assert (house.kind, house.condition.remark) == (ConditionKind.WELL, "")


def test_a_forwarder_that_is_silent_beside_another_is_a_remark() -> None:
    house = well()
    house.judge.looked(Cause(ConditionKind.WELL, remark="the forwarder b does not answer"), house.now_s, house.wall_s)
    assert house.condition.is_well
    assert house.condition.remark == "the forwarder b does not answer"
    house.judge.looked(WELL, house.now_s, house.wall_s)
    assert house.condition.remark == ""


def test_an_hour_of_a_home_with_broken_names_and_lost_packets_raises_no_false_alarm() -> None:
    """Questions come as people do: minutes of nothing, then pages. 2 % are broken, 1 % of packets are lost."""
    for seed in range(20):
        drawn = random.Random(seed)
        house = House()
        until_s = 0.0

        def home(house: House = house, drawn: random.Random = drawn) -> None:
            nonlocal until_s
            if house.now_s > until_s and drawn.random() < 1 / 60:
                until_s = house.now_s + drawn.expovariate(1 / 40)
            busy = house.now_s < until_s
            for _ in range(drawn.randint(0, 8) if busy else drawn.random() < 0.1):
                is_lost = drawn.random() < 0.01**2  # unbound asks again; both must be lost
                if drawn.random() < 0.02:
                    house.fails(drawn.randint(0, 400), bogus=drawn.random() < 0.3, stale=drawn.random() < 0.3)
                elif is_lost:
                    house.fails(1000 + drawn.randint(0, 10000))
                else:
                    house.answers()
            house.own = OwnAnswer.NOTHING if drawn.random() < 0.01**3 else OwnAnswer.PROVEN

        house.seconds(HOUR_S, each=home)
        assert set(house.told) <= {ConditionKind.WELL, ConditionKind.CANNOT_TELL}, seed
        assert len(house.asked_s) <= 120
