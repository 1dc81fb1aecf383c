"""What the owner has set, in a file."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.owner.form import LaterFormatError, from_octets, to_octets
from app.owner.will import ALLOW, DENY, LIST, NAME, PAUSE, Key, Moment, Will

NOW = Moment(1_800_000_000.0, "homedot deny")
WILL = (
    Will("3f7a")
    .after({Key(NAME, "ads.example"): DENY, Key(LIST, "wildcard:https://lists.example/a.txt"): "block"}, NOW)
    .after({Key(PAUSE, "192.168.1.7"): 1_800_000_300}, NOW)
    .undone(None, NOW)[0]
)


def document(**more: object) -> dict[str, Any]:
    return {**json.loads(to_octets(WILL)), **more}


def test_what_is_written_is_read_again() -> None:
    assert from_octets(to_octets(WILL)) == WILL
    assert from_octets(to_octets(Will("x"))) == Will("x")


def test_what_a_later_version_adds_stays_where_it_is() -> None:
    raw = document(quota=[1, {"a": None}])
    raw["set"][0]["colour"] = "red"
    raw["set"].append({**raw["set"][0], "kind": "schedule", "value": {"from": 22}})
    raw["changes"][0]["why"] = "night"
    will = from_octets(json.dumps(raw).encode())
    again = from_octets(to_octets(will.after({Key(NAME, "b.example"): ALLOW}, NOW)))
    written = json.loads(to_octets(again))
    assert written["quota"] == [1, {"a": None}]
    assert [each.get("colour") for each in written["set"]] == ["red", None, None, "red", None]
    assert written["set"][3]["value"] == {"from": 22}
    assert written["changes"][0]["why"] == "night"


def test_a_later_format_is_refused_in_words() -> None:
    with pytest.raises(LaterFormatError, match=r"was written by a later Homedot \(format 2, and this one knows 1\)"):
        from_octets(json.dumps({"format": 2, "sets": {}}).encode())


def test_of_two_values_of_one_thing_the_later_counts() -> None:
    raw = document()
    first = raw["set"][0]
    raw["set"] += [{**first, "value": ALLOW, "stamp": first["stamp"] + 1}, {**first, "value": "x", "stamp": 1}]
    assert from_octets(json.dumps(raw).encode()).value(Key(NAME, "ads.example")) == ALLOW


@pytest.mark.parametrize(
    "octets",
    [b"", b"\0" * 50, b"[]", b"{}", b"null", b"7", b"\xff", b"[" * 100_000,
     json.dumps(document(box=7)).encode(),
     json.dumps(document(set={})).encode(),
     json.dumps(document(set=[7])).encode(),
     json.dumps(document(set=[{}])).encode(),
     json.dumps(document(format="1")).encode(),
     json.dumps(document(format=True)).encode(),
     json.dumps(document(box="\x1b[2J")).encode(),
     json.dumps(document(changes=[[1]])).encode(),
     json.dumps(document(changes=document()["changes"] * 6)).encode(),
     json.dumps(document(set=document()["set"] * 3000)).encode(),
     to_octets(WILL)[:-30]],
)  # fmt: skip
def test_what_is_damaged_is_called_so(octets: bytes) -> None:
    with pytest.raises(ValueError, match="is damaged"):
        from_octets(octets)


@given(st.binary(max_size=200) | st.integers(0, len(to_octets(WILL))).map(lambda cut: to_octets(WILL)[:cut]))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    try:
        assert from_octets(octets) == WILL
    except ValueError:
        return


def test_what_is_too_much_for_the_file_is_refused() -> None:
    keys = [Key(NAME, f"{number:04}.{'x' * 250}") for number in range(3000)]
    will = WILL
    for at in range(0, 960, 32):
        will = will.after(dict.fromkeys(keys[at : at + 32], DENY), NOW)
    assert len(to_octets(will)) < 1 << 20
    big = Will("x", dict.fromkeys(keys, will.entries[keys[0]]) | {})
    with pytest.raises(ValueError, match="must fit into 1024 kB together"):
        to_octets(big)
