"""How this box is: what is shown of it, when it is well and when it is not."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.config.settings import Blocking, Dot, Settings
from app.doctor.condition import ConditionKind, of
from app.lists import paths as list_paths
from app.lists.state import ListState, save
from app.onboarding.enrolment import Enrolment
from app.programs import paths, status
from app.programs.list_status import NOT_YET
from app.programs.status import Status
from app.revision import told
from app.unbound.reach import ROOT_ANSWERED
from tests.appliance import free_ports
from tests.fakes.frontdoor import TODAY, hearing
from tests.fakes.frontdoor import WELL as IS_WELL

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
COUNTS = {"uptime_seconds": 9000, "clients": 3, "blocking_paused_seconds": 0}
SOURCE = "https://lists.example/pro.txt?key=secret"
BOX = Enrolment(
    hostname="dns.home.arpa",
    addresses=(ip_address("192.168.1.10"), ip_address("fd00::10")),
    dot_port=853,
    plain_port=None,
    web_port=8853,
    root_pem=None,
    root_sha256=None,
    spki_pin="pin=",
    not_after=datetime(2027, 5, 1, tzinfo=UTC),
    resolver="recursive",
    resolver_reason=ROOT_ANSWERED,
)
PRO = ListState(title="Pro", names=123456, checked_s=NOW.timestamp(), updated_s=NOW.timestamp() - 3 * 86400)
WELL = Status(
    now=NOW,
    fault="",
    counts=COUNTS,
    enrolment=BOX,
    lists={SOURCE: PRO},
    protection="123,456 names on 1 list",
    condition=of(ConditionKind.WELL, NOW.timestamp()),
    today=TODAY,
)


def fact(shown: Status, label: str) -> str:
    (line,) = (line for line in shown.to_text().splitlines() if line.startswith(f"{label} "))
    return line.removeprefix(label).strip()


def test_all_that_is_asked_first_stands_on_one_screen() -> None:
    assert WELL.to_text().splitlines() == [
        f"state         {WELL.condition.text(NOW.astimezone())}",
        "answers       yes, DNS over TLS on port 853, as dns.home.arpa",
        "since         2026-03-01 09:30 UTC (2 h)",
        "devices       3 connected",
        "today         1234 questions, 56 of them blocked",
        "blocking      on: 123,456 names on 1 list",
        "list          Pro: 123456 names, 3 d old",
        "certificate   valid until 2027-05-01, renew it before",
        "addresses     192.168.1.10, fd00::10",
        f"resolver      recursive: {ROOT_ANSWERED}",
        "setup page    http://192.168.1.10:8853/",
        f"version       {told().removeprefix('homedot ')}",
    ]


def test_scripts_are_told_the_same() -> None:
    document = WELL.to_document()
    assert document["answers"] is True
    assert document["condition"] == WELL.condition.to_document()
    assert document["today"] == TODAY
    assert document["fault"] is None
    assert document["since"] == "2026-03-01T09:30:00+00:00"
    assert document["devices"] == 3
    assert document["addresses"] == ["192.168.1.10", "fd00::10"]
    assert document["certificate_not_after"] == "2027-05-01T00:00:00+00:00"
    assert document["version"] == told()
    blocking = document["blocking"]
    assert isinstance(blocking, dict)
    assert (blocking["enabled"], blocking["paused_seconds"]) == (True, 0)
    assert [(each["title"], each["names"], each["age_seconds"]) for each in blocking["lists"]] == [
        ("Pro", 123456, 3 * 86400)
    ]


@pytest.mark.anyio
async def test_scripts_are_told_which_list_allows(tmp_path: Path) -> None:
    blocking = Blocking(lists=("/block", "/only"), allow_lists=("/allow",))
    settings = Settings(run_dir=tmp_path / "run", data_dir=tmp_path, blocking=blocking, dot=Dot(port=free_ports(1)[0]))
    for path in (paths.enrolment(settings), list_paths.state(paths.lists(settings))):
        path.parent.mkdir(parents=True)
    paths.enrolment(settings).write_text(BOX.to_json())
    known = {"/block": PRO, "/only": ListState(exceptions=3, checked_s=1.0), "/allow": PRO}
    save(list_paths.state(paths.lists(settings)), known)
    document = (await asyncio.to_thread(status.look, settings)).to_document()
    told = {each["source"]: each["allows"] for each in document["blocking"]["lists"]}  # type: ignore[index]
    assert told == {"/block": False, "/only": True, "/allow": True}


def test_a_subscribers_key_is_not_shown() -> None:
    assert "secret" not in str(WELL.to_document())
    assert "secret" not in replace(WELL, lists={SOURCE: ListState()}).to_text()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (replace(WELL, lists=None), "off: blocking.enabled is false"),
        (replace(WELL, counts={**COUNTS, "blocking_paused_seconds": 600}), "paused for 10 min more"),
        (replace(WELL, counts={}), "not known"),
    ],
)
def test_blocking_that_is_off_paused_or_not_known_says_so(changed: Status, said: str) -> None:
    assert fact(changed, "blocking").startswith(said)


def test_a_list_that_failed_or_was_not_fetched_says_so() -> None:
    failed = replace(WELL, lists={SOURCE: replace(PRO, error="the server answers 404")})
    assert fact(failed, "list") == "Pro: 123456 names, 3 d old; failed: the server answers 404"
    assert fact(replace(WELL, lists={SOURCE: ListState()}), "list") == f"https://lists.example/pro.txt: {NOT_YET}"


def test_a_certificate_that_ends_soon_is_told_with_what_to_do() -> None:
    soon = replace(WELL, enrolment=replace(BOX, not_after=datetime(2026, 3, 5, tzinfo=UTC)))
    assert "ends on 2026-03-05" in soon.to_text()
    assert "renew it" in str(soon.to_document()["notices"])


def test_the_running_box_is_asked(tmp_path: Path) -> None:
    settings = Settings(
        run_dir=tmp_path / "run", data_dir=tmp_path, blocking=Blocking(enabled=False), dot=Dot(port=free_ports(1)[0])
    )
    path = paths.enrolment(settings)
    path.parent.mkdir(parents=True)
    path.write_text(replace(BOX, dot_port=1).to_json())

    async def looked() -> Status:
        async with hearing(paths.control_socket(settings), counts=COUNTS):
            return await asyncio.to_thread(status.look, settings)

    found = asyncio.run(looked())
    assert found.counts == COUNTS
    assert found.today == TODAY
    assert found.condition == IS_WELL
    assert not found.answers  # nobody speaks TLS here
    assert found.lists is None
