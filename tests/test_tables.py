"""What the documents list is what the program has: settings, names, checks, metrics; and the example file is loaded."""

import re
from datetime import UTC, datetime
from ipaddress import ip_address

import yaml

from app.answer.never_block import NAMES
from app.answer.policy import BLOCKING, MEANINGS, Kind
from app.config.load import load
from app.config.settings import Settings, leaves
from app.doctor.condition import ConditionKind, of
from app.doctor.report import CHECKS
from app.dot.counters import Counters
from app.dot.occupancy import Occupancy
from app.lists.formats import FORMATS, Meaning
from app.onboarding.enrolment import Enrolment
from app.programs.answer_counts import AnswerCounts
from app.programs.front_state import FrontState
from app.programs.metrics import (
    METRICS,
    ListNumbers,
    render,
    render_build,
    render_condition,
    render_lists,
    render_series,
)
from app.programs.status import Status
from app.specialnames import SPECIAL_NAMES, SpecialName
from tests.documents import EXAMPLE, shown_settings, text_of
from tests.fakes.pauses import paused


def between(document: str, mark: str) -> str:
    """What stands between `<!-- MARK: ... -->` and `<!-- /MARK -->`."""
    shown = re.search(rf"<!-- {mark}: .*? -->\n(.*)<!-- /{mark} -->", text_of(document), re.DOTALL)
    assert shown is not None
    return shown.group(1)


def firsts(document: str, head: str) -> list[str]:
    """The words in backticks in the first column of the table that begins with `head`."""
    table = text_of(document).partition(head)[2].partition("\n\n")[0]
    return re.findall(r"`(.*?)`", " ".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))


def settings_table() -> str:
    rows = ["| setting | variable | default | |", "|---|---|---|---|"]
    for leaf in leaves():
        default = "" if leaf.default in (None, "") else f"`{yaml.safe_dump(leaf.default, width=999).splitlines()[0]}`"
        rows.append(f"| `{leaf.name}` | `{leaf.variable}` | {default} | {leaf.doc} |")
    return "\n".join(rows) + "\n"


def test_the_settings_table_is_the_settings() -> None:
    assert between("docs/settings.md", "settings") == settings_table()


def never_block_table() -> str:
    rows = ["| who asks what | names |", "|---|---|"]
    rows += [f"| {question} | {', '.join(f'`{name}`' for name in names)} |" for question, names in NAMES.items()]
    return "\n".join(rows) + "\n"


def test_the_names_that_are_never_blocked_are_listed() -> None:
    assert between("docs/blocking.md", "never block") == never_block_table()


def formats_table() -> str:
    rows = ["| format | a line like | blocks |", "|---|---|---|"]
    for each in FORMATS:
        lines: dict[Meaning, list[str]] = {}
        for line, meaning in each.examples.items():
            lines.setdefault(meaning, []).append("`" + line.replace("|", "\\|") + "`")
        rows += [f"| {each.name} | {', '.join(shown)} | {meaning.value} |" for meaning, shown in lines.items()]
    return "\n".join(rows) + "\n"


def test_the_formats_of_lists_are_shown() -> None:
    assert between("docs/blocking.md", "formats") == formats_table()


def order_table() -> str:
    rows = ["| | who | then the name is |", "|---|---|---|"]
    ends = {kind: "blocked" if kind in BLOCKING else "not blocked" for kind in MEANINGS}
    ends |= dict.fromkeys((Kind.SPECIAL, Kind.LOCAL, Kind.RESERVED), "answered here")
    rows += [f"| {number} | {who} | {ends[kind]} |" for number, (kind, who) in enumerate(MEANINGS.items(), 1)]
    return "\n".join(rows) + "\n"


def test_who_decides_is_told_in_the_order_of_asking() -> None:
    assert between("docs/blocking.md", "order") == order_table()


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
    assert between("docs/network.md", "special names") == special_names_table()


def test_every_check_of_the_doctor_is_explained_in_its_order() -> None:
    assert firsts("docs/troubleshooting.md", "| check | what must be true |") == list(CHECKS)


def metrics_table() -> str:
    rows = ["| metric | what it counts |", "|---|---|"]
    rows += [f"| `{metric.name}` | {metric.explained} |" for metric in METRICS.values()]
    return "\n".join(rows) + "\n"


def test_the_metrics_are_listed() -> None:
    assert between("docs/monitoring.md", "metrics") == metrics_table()


ENDS = ("certificate_not_after_timestamp_seconds", "public_certificate_not_after_timestamp_seconds")


def test_what_is_told_at_metrics_is_the_table() -> None:
    state = FrontState(Occupancy(), Counters(), paused(0)).now()
    series = AnswerCounts().totals()
    gauges = {name: numbers.pop("") for name, numbers in series.items() if "" in numbers}
    labelled = {name: numbers for name, numbers in series.items() if numbers and name != "blocked"}
    shown = (
        render({**state, **gauges, **dict.fromkeys(ENDS, 1)})
        + render_series({**labelled, "process_resident_memory_bytes": {"dot": 1}})
        + render_condition(of(ConditionKind.WELL))
        + render_lists([ListNumbers(1, "", "", 1, 1.0)])
        + render_build("", "")
    )
    told = re.findall(r"^# TYPE (\w+)", shown, re.MULTILINE)
    assert sorted(told) == sorted(metric.name for metric in METRICS.values())


def test_the_sections_of_the_readme_come_in_the_order_a_newcomer_needs_them() -> None:
    assert re.findall(r"^## (.*)$", text_of("README.md"), re.MULTILINE) == [
        "Get it", "Start", "Put your phone on it", "Prove it", "Update", "Back up", "When it does not work", "Read on",
    ]  # fmt: skip


def test_the_example_changes_nothing() -> None:
    assert load({"HOMEDOT_CONFIG": str(EXAMPLE)}).settings == Settings()


def test_the_example_uncommented_is_valid_and_names_every_setting() -> None:
    kept_out = {"data_dir", "run_dir"}  # the image decides them
    assert shown_settings().keys() == {leaf.name for leaf in leaves()} - kept_out


def test_every_member_of_the_status_for_scripts_is_named() -> None:
    section = text_of("docs/monitoring.md").partition("## On one screen")[2].partition("\n## ")[0]
    enrolment = Enrolment(
        hostname="dns.home.arpa", addresses=(ip_address("192.168.1.10"),), dot_port=853, plain_port=None, web_port=None,
        root_pem=None, root_sha256=None, spki_pin="", not_after=datetime.now(UTC), resolver="", resolver_reason="",
    )  # fmt: skip
    status = Status(now=datetime.now(UTC), fault="", counts={}, enrolment=enrolment, lists={})
    assert {f"`{member}`" for member in status.to_document()} <= set(re.findall(r"`\w+`", section))
