"""The state of the box in one sentence."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.doctor.condition import SENTENCES, Condition, ConditionKind, from_document, of

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_every_kind_has_a_sentence_of_its_own() -> None:
    assert SENTENCES.keys() == set(ConditionKind)
    assert len(set(SENTENCES.values())) == len(ConditionKind)


def test_only_well_is_well() -> None:
    assert [kind for kind in ConditionKind if of(kind).is_well] == [ConditionKind.WELL]


@pytest.mark.parametrize("kind", ConditionKind)
def test_a_condition_survives_the_way_to_who_shows_it(kind: ConditionKind) -> None:
    condition = of(kind, 1772359200.0, about="one, two", remark="old answers bridge it")
    assert from_document(json.loads(json.dumps(condition.to_document()))) == condition
    assert from_document(json.loads(json.dumps(of(kind).to_document()))) == of(kind)


def test_it_says_since_when_in_the_readers_own_time() -> None:
    condition = of(ConditionKind.UNREACHABLE, (NOON - timedelta(hours=1)).timestamp())
    assert condition.text(NOON) == "Answers, but the internet cannot be reached, since 11:00"
    east = NOON.astimezone(timezone(timedelta(hours=9)))
    assert condition.text(east) == "Answers, but the internet cannot be reached, since 20:00"


def test_it_says_the_day_too_when_that_is_another_one() -> None:
    condition = of(ConditionKind.UNREACHABLE, (NOON - timedelta(hours=13)).timestamp())
    assert condition.text(NOON).endswith("since 2026-02-28 23:00")


def test_a_remark_comes_last() -> None:
    condition = of(ConditionKind.WELL, NOON.timestamp(), remark="one of two is silent")
    assert condition.text(NOON) == "Well: names are answered, checked with DNSSEC, since 12:00 (one of two is silent)"


def test_nobody_knows_since_when_who_is_gone_is_gone() -> None:
    assert "since" not in of(ConditionKind.NOT_ANSWERING, about="it hangs").text(NOON)


@pytest.mark.parametrize("document", [{}, {"kind": "odd", "sentence": "", "since": None, "remark": ""}])
def test_what_is_no_condition_is_refused(document: dict[str, str]) -> None:
    with pytest.raises((LookupError, ValueError)):
        from_document(document)


def test_a_condition_is_a_plain_value() -> None:
    assert Condition(kind=ConditionKind.WELL, sentence="") == Condition(kind=ConditionKind.WELL, sentence="")
