"""What the owner has set, and the settings beside it, for scripts and for views. Pure but for the time zone."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.config.settings import Settings
from app.owner import sentences
from app.owner.length import moment
from app.owner.will import ALLOW, ALLOWS, BLOCKS, DENY, DEVICE, LIST, NAME, PAUSE, Key, OwnerEntry, Will, ends_at_s

NO_SETTING = "no setting"


def described(settings: Settings, where: Mapping[str, str], will: Will, now_s: float = 0.0) -> dict[str, Any]:
    """`names`, `lists`, `devices`, `pauses` and `changes`, each a list of rows. `set_in` is the variable or file that
    says so, and then it cannot be changed here; `at`, `at_s` and `by` say when and from where the owner did. Pauses
    that are over at `now_s` are left out."""
    blocking = settings.blocking
    names = [
        *_given("blocking.allow", blocking.allow, ALLOW, where),
        *_given("blocking.deny", blocking.deny, DENY, where),
    ]
    lists = list(_given_lists(settings, where, will))
    given = {row["of"] for row in lists}
    return {
        "names": [*names, *map(_row, will.live(NAME))],
        "lists": [*lists, *(_row(entry) for entry in will.live(LIST) if entry.key.of not in given)],
        "devices": list(map(_row, will.live(DEVICE))),
        "pauses": [
            {**_row(entry), "until": moment(ends_at_s(entry))} for entry in will.live(PAUSE) if ends_at_s(entry) > now_s
        ],
        "changes": sentences.of_changes(will.changes),
    }


def list_origins(settings: Settings, where: Mapping[str, str], will: Will) -> dict[str, str]:
    """By source, in words: where a list is set, and when and from where the owner did."""
    found = {}
    for row in described(settings, where, will)["lists"]:
        found[row["of"]] = f"set in {row['set_in']}" if row["set_in"] else f"set {row['at']} by {row['by']}"
        if row["set_in"] == NO_SETTING:
            found[row["of"]] = "used unless a setting or you say otherwise"
    return found


def name_origin(will: Will, name: str) -> str | None:
    """When and from where the owner set something about this very name."""
    entry = will.entries.get(Key(NAME, name))
    return None if entry is None or entry.value is None else sentences.of_entry(entry)


def _given(setting: str, named: tuple[str, ...], value: str, where: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for of in named:
        yield {
            "of": of,
            "value": value,
            "set_in": where.get(setting, NO_SETTING),
            "at": None,
            "at_s": None,
            "by": None,
        }


def _given_lists(settings: Settings, where: Mapping[str, str], will: Will) -> Iterator[dict[str, Any]]:
    """What the owner has switched off says so."""
    blocking = settings.blocking
    for row in (
        *_given("blocking.lists", blocking.lists, BLOCKS, where),
        *_given("blocking.allow_lists", blocking.allow_lists, ALLOWS, where),
    ):
        entry = will.entries.get(Key(LIST, row["of"]))
        yield row if entry is None or entry.value is None else _row(entry)


def _row(entry: OwnerEntry) -> dict[str, Any]:
    return {
        "of": entry.key.of,
        "value": entry.value,
        "set_in": None,
        "at": moment(entry.at_s),
        "at_s": entry.at_s,
        "by": entry.by,
    }
