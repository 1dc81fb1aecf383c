"""What was set, in words."""

from app.owner import sentences
from app.owner.length import moment
from app.owner.will import ALL, ALLOW, ALLOWS, BLOCKS, DENY, DEVICE, LIST, NAME, OFF, PAUSE, Key, Moment, Will

NOW = Moment(1_800_000_000.0, "homedot allow")
WHEN = moment(1_800_000_000)
EMPTY = Will("box")


def test_every_change_has_a_sentence() -> None:
    said: dict[Key, dict[object, str]] = {
        Key(NAME, "a.example"): {ALLOW: "a.example is allowed, with everything below it",
                                 DENY: "a.example is blocked, with everything below it",
                                 None: "a.example is neither allowed nor denied by you any more"},
        Key(LIST, "/l.txt"): {BLOCKS: "/l.txt is a block list from now on, once it is downloaded",
                              ALLOWS: "/l.txt is an allow list from now on, once it is downloaded",
                              OFF: "/l.txt is switched off",
                              None: "/l.txt is as it was before you set it"},
        Key(DEVICE, "192.168.1.7"): {"tv": "192.168.1.7 is called tv", None: "192.168.1.7 has no name any more"},
        Key(PAUSE, ALL): {1_800_000_000: f"blocking is paused for all devices until {WHEN}",
                          None: "blocking is in force again for all devices"},
        Key(PAUSE, "192.168.1.7"): {1_800_000_000: f"blocking is paused for 192.168.1.7 until {WHEN}"},
    }  # fmt: skip
    for key, values in said.items():
        for value, sentence in values.items():
            assert sentences.told(Will("x"), EMPTY.after({key: value}, NOW), [key])[0].startswith(sentence)


def test_what_was_so_before_is_told_as_that() -> None:
    will = EMPTY.after({Key(NAME, "a.example"): DENY}, NOW)
    assert sentences.told(will, will, [Key(NAME, "a.example")]) == [
        "a.example is blocked, with everything below it; it was before"
    ]


def test_changes_are_told_the_last_first_with_when_and_from_where() -> None:
    will = EMPTY.after({Key(NAME, "a.example"): DENY, Key(NAME, "b.example"): DENY}, NOW)
    will, _ = will.after({Key(LIST, "/l.txt"): OFF}, Moment(None, "192.168.1.7")).undone(None, NOW)
    last, first = sentences.of_changes(will.changes)
    assert first == {
        "number": 1,
        "what": "a.example is blocked, with everything below it; b.example is blocked, with everything below it",
        "at": WHEN,
        "at_s": 1_800_000_000,
        "by": "homedot allow",
        "box": "box",
        "undone": None,
    }
    assert (last["what"], last["at"]) == ("/l.txt is switched off", "at a time unknown, the clock was not set")
    assert last["undone"] == f"{WHEN} by homedot allow"


def test_an_entry_says_when_and_from_where() -> None:
    (entry,) = EMPTY.after({Key(NAME, "a.example"): DENY}, NOW).live(NAME)
    assert sentences.of_entry(entry) == f"set {WHEN} by homedot allow"
