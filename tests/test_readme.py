"""The README keeps its promises: the settings table is made from the settings, the example file is loaded."""

import re
from pathlib import Path

import yaml

from app.answer.never_block import NAMES
from app.configuration import load
from app.ops.doctor import CHECKS
from app.settings import Settings, leaves
from app.specialnames import SPECIAL_NAMES, SpecialName

CHECKOUT = Path(__file__).parent.parent
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
EXAMPLE = CHECKOUT / "config/homedot.yaml"


def settings_table() -> str:
    rows = ["| setting | variable | default | |", "|---|---|---|---|"]
    for leaf in leaves():
        default = "" if leaf.default in (None, "") else f"`{yaml.safe_dump(leaf.default, width=999).splitlines()[0]}`"
        rows.append(f"| `{leaf.name}` | `{leaf.variable}` | {default} | {leaf.doc} |")
    return "\n".join(rows) + "\n"


def test_the_settings_table_is_the_settings() -> None:
    shown = re.search(r"<!-- settings: .*? -->\n(.*)<!-- /settings -->", README, re.DOTALL)
    assert shown is not None
    assert shown.group(1) == settings_table()


def never_block_table() -> str:
    rows = ["| who asks what | names |", "|---|---|"]
    rows += [f"| {question} | {', '.join(f'`{name}`' for name in names)} |" for question, names in NAMES.items()]
    return "\n".join(rows) + "\n"


def test_the_names_that_are_never_blocked_are_listed() -> None:
    shown = re.search(r"<!-- never block: .*? -->\n(.*)<!-- /never block -->", README, re.DOTALL)
    assert shown is not None
    assert shown.group(1) == never_block_table()


def named(each: SpecialName) -> str:
    every = ", ".join(f"`{name}`" for name in each.names)
    return every if len(every) < 60 else f"`{each.names[0]}` and {len(each.names) - 1} more"


def special_names_table() -> str:
    rows = ["| name, with all below it | | is answered here with | switch |", "|---|---|---|---|"]
    rows += [
        f"| {named(each)} | {each.meaning} ({each.document}) | {each.treatment.value} |"
        f" {f'`{each.switch}`' if each.switch else ''} |"
        for each in SPECIAL_NAMES
    ]
    return "\n".join(rows) + "\n"


def test_the_special_names_are_listed() -> None:
    shown = re.search(r"<!-- special names: .*? -->\n(.*)<!-- /special names -->", README, re.DOTALL)
    assert shown is not None
    assert shown.group(1) == special_names_table()


def test_the_sections_come_in_the_order_a_user_needs_them() -> None:
    assert re.findall(r"^## (.*)$", README, re.MULTILINE) == [
        "Quick start",
        "Put your phone on it",
        "Check it with kdig",
        "Block ads and trackers",
        "Names at home",
        "Settings",
        "Ports and volumes",
        "Backup",
        "When it does not work",
        "How the code is laid out",
    ]


def test_every_check_of_the_doctor_is_explained_in_its_order() -> None:
    table = README.partition("| check | what must be true |")[2].partition("\n\n")[0]
    firsts = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert re.findall(r"`(.*?)`", " ".join(firsts)) == list(CHECKS)


def test_the_example_changes_nothing() -> None:
    assert load({"HOMEDOT_CONFIG": str(EXAMPLE)}).settings == Settings()


def test_the_example_uncommented_is_valid_and_names_every_setting() -> None:
    text = re.sub(r"^(\s*)#(\w+:)", r"\1\2", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    tree = yaml.safe_load(text)
    known = {leaf.name for leaf in leaves()}
    named = {key for key in tree if key in known}
    named |= {f"{key}.{inner}" for key, value in tree.items() if key not in known for inner in value}
    kept_out = {"data_dir", "run_dir"}  # the image decides them
    assert named == known - kept_out
