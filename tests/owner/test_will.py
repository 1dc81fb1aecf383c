"""What the owner has set, change after change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.owner.will import (
    ALL,
    ALLOW,
    DENY,
    DEVICE,
    LIST,
    MOST_CHANGES,
    MOST_STEPS,
    NAME,
    PAUSE,
    Key,
    Moment,
    OwnerEntry,
    Will,
    ends_at_s,
)

NOW = Moment(1_800_000_000.0, "192.168.1.7")
ADS, SHOP = Key(NAME, "ads.example"), Key(NAME, "shop.example")
EMPTY = Will("box")


def later(s: float) -> Moment:
    return Moment(1_800_000_000.0 + s, "homedot allow")


def test_what_is_set_says_when_and_from_where_and_on_which_box() -> None:
    will = EMPTY.after({ADS: DENY}, NOW)
    assert will.entries[ADS] == OwnerEntry(ADS, DENY, 1_800_000_000_000, 1_800_000_000, "192.168.1.7", "box")
    assert (will.names(DENY), will.names(ALLOW)) == (["ads.example"], [])
    (change,) = will.changes
    assert (change.number, change.at_s, change.by) == (1, 1_800_000_000, "192.168.1.7")


def test_what_is_so_already_is_no_change() -> None:
    will = EMPTY.after({ADS: DENY}, NOW)
    assert will.after({ADS: DENY, SHOP: None}, later(9)) is will


def test_a_stamp_never_goes_back_whatever_the_clock_says() -> None:
    will = EMPTY.after({ADS: DENY}, NOW)
    for moment in (Moment(5.0, ""), Moment(None, ""), NOW):
        again = will.after({ADS: ALLOW if will.value(ADS) == DENY else DENY}, moment)
        assert again.entries[ADS].stamp == will.stamp + 1 == again.stamp
        assert again.changes[-1].at_s == int(moment.now_s or 0)
        will = again


def test_what_was_taken_back_leaves_its_stamp_and_is_not_set() -> None:
    will = EMPTY.after({ADS: DENY}, NOW).after({ADS: None}, later(1))
    assert will.names(DENY) == []
    assert (will.entries[ADS].value, will.entries[ADS].stamp) == (None, 1_800_000_001_000)


def test_the_last_ten_changes_are_kept() -> None:
    will = EMPTY
    for number in range(15):
        will = will.after({Key(NAME, f"n{number}.example"): DENY}, later(number))
    assert [change.number for change in will.changes] == list(range(6, 16))
    assert len(will.changes) == MOST_CHANGES


def test_undo_walks_back_from_the_last_change_to_the_first() -> None:
    will = EMPTY.after({ADS: DENY}, NOW).after({ADS: ALLOW, SHOP: ALLOW}, later(1)).after({SHOP: None}, later(2))
    values = []
    for number in (3, 2, 1):
        will, change = will.undone(None, later(10))
        assert (change.number, change.undone_by) == (number, "homedot allow")
        values.append((will.value(ADS), will.value(SHOP)))
    assert values == [(ALLOW, ALLOW), (DENY, None), (None, None)]
    with pytest.raises(ValueError, match="there is nothing to undo"):
        will.undone(None, later(11))


def test_undo_of_one_in_the_middle_leaves_what_came_after_it() -> None:
    will = EMPTY.after({ADS: DENY}, NOW).after({SHOP: DENY}, later(1))
    will, _ = will.undone(1, later(2))
    assert will.names(DENY) == ["shop.example"]
    with pytest.raises(ValueError, match="change 1 was undone already"):
        will.undone(1, later(3))
    with pytest.raises(ValueError, match="there is no change 7 among the last 10"):
        will.undone(7, later(3))


def test_what_was_changed_again_is_not_undone_over_the_head_of_who_did() -> None:
    will = EMPTY.after({ADS: DENY}, NOW).after({ADS: ALLOW}, later(1))
    with pytest.raises(ValueError, match=r"change 1 cannot be undone: ads\.example was changed again since"):
        will.undone(1, later(2))


@pytest.mark.parametrize(("kind", "most"), [(NAME, 1000), (LIST, 32), (DEVICE, 256), (PAUSE, 16)])
def test_more_than_a_home_has_is_refused_with_the_number(kind: str, most: int) -> None:
    value: object = {NAME: DENY, LIST: "block", DEVICE: "tv", PAUSE: 1_900_000_000}[kind]
    will = EMPTY
    keys = [Key(kind, f"x{number}") for number in range(most + 1)]
    for at in range(0, most, MOST_STEPS):
        will = will.after(dict.fromkeys(keys[at : min(at + MOST_STEPS, most)], value), NOW)
    with pytest.raises(ValueError, match=f"must be {most} .* at most \\(there would be {most + 1}\\)"):
        will.after({keys[-1]: value}, NOW)
    assert will.after({keys[0]: None}, NOW).value(keys[0]) is None


def test_too_many_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match="must be 32 at most in one change"):
        EMPTY.after({Key(NAME, f"n{number}.example"): DENY for number in range(33)}, NOW)


def test_a_pause_that_is_over_makes_room_and_what_was_taken_back_is_bounded() -> None:
    will = EMPTY.after({Key(PAUSE, ALL): int(NOW.now_s or 0) + 60}, NOW)
    will = will.after({ADS: DENY}, later(61))
    assert will.value(Key(PAUSE, ALL)) is None
    for number in range(600):
        key = Key(NAME, f"n{number}.example")
        will = will.after({key: DENY}, later(100)).after({key: None}, later(100))
    assert sum(entry.value is None for entry in will.entries.values()) == 500
    assert Key(NAME, "n599.example") in will.entries


def test_what_a_later_version_sets_is_kept_and_does_nothing_here() -> None:
    strange = {
        Key(NAME, "kids.example"): "deny at night",
        Key(PAUSE, ALL): True,
        Key(DEVICE, "192.168.1.7"): 7,
        Key("schedule", "x"): {"from": 22},
    }
    entries = {key: OwnerEntry(key, value, 5, 5, "", "other") for key, value in strange.items()}
    will = Will("box", entries).after({ADS: DENY}, NOW)
    assert {key: will.entries[key] for key in entries} == entries
    assert [entry.key for kind in (NAME, PAUSE, DEVICE) for entry in will.live(kind)] == [ADS]
    assert ends_at_s(entries[Key(NAME, "kids.example")]) == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([ALLOW, DENY, None, "undo"])), max_size=30))
def test_whatever_is_done_undoing_it_all_brings_back_the_beginning(acts: list[tuple[str, str | None]]) -> None:
    will, values = EMPTY, [dict[Key, object]()]
    for name, value in acts:
        if value == "undo":
            if len(values) > 1:
                will, _ = will.undone(None, NOW)
                values.pop()
        else:
            changed = will.after({Key(NAME, name): value}, NOW)
            if changed is not will:
                will = changed
                values.append({key: entry.value for key, entry in will.entries.items() if entry.value})
                values = values[-MOST_CHANGES - 1 :]
        assert {key: entry.value for key, entry in will.entries.items() if entry.value} == values[-1]
        if sum(not change.undone_by for change in will.changes) < len(values) - 1:
            break  # an undone change has pushed an older one out of the last ten


def test_what_a_later_version_noted_beside_a_thing_stays_when_it_is_set_anew() -> None:
    noted = OwnerEntry(ADS, DENY, 5, 5, "", "other", {"colour": "red"})
    will = Will("box", {ADS: noted}).after({ADS: ALLOW}, NOW)
    assert (will.value(ADS), will.entries[ADS].more) == (ALLOW, {"colour": "red"})
