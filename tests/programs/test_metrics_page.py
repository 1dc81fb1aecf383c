"""All of /metrics, from a front door and lists that are really there."""

import re
import shutil
import subprocess
from functools import partial
from pathlib import Path

import anyio
import pytest

from app.config.load import load
from app.config.settings import Settings
from app.errors import OperatorError
from app.files import write_atomically
from app.lists import paths as list_paths
from app.lists.state import ListState, save
from app.programs import control_client, metrics_page, paths
from app.programs.metrics import METRICS
from tests.fakes.frontdoor import hearing
from tests.programs.test_rules import ENROLMENT

pytestmark = pytest.mark.anyio

FIRST, SECOND = "https://lists.example/a.txt?key=secret", "/config/b.txt"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    given = {"DATA_DIR": str(tmp_path), "RUN_DIR": str(tmp_path), "BLOCKING__LISTS": f"{FIRST}, {SECOND}"}
    chosen = load({f"HOMEDOT_{name}": value for name, value in given.items()}).settings
    paths.lists(chosen).mkdir()
    save(list_paths.state(paths.lists(chosen)), {FIRST: ListState(title="Pro", names=12, updated_s=1.0)})
    paths.enrolment(chosen).parent.mkdir(exist_ok=True)
    write_atomically(paths.enrolment(chosen), ENROLMENT.to_json().encode(), 0o644)
    return chosen


async def text(settings: Settings) -> str:
    async with hearing(paths.control_socket(settings)):
        return await metrics_page.text(settings, partial(control_client.condition, settings))


async def test_each_list_and_the_setting_have_their_number_and_nobodys_key_is_told(settings: Settings) -> None:
    told = await text(settings)
    assert re.findall(r"^homedot_blocked_total({.*}) 0$", told, re.MULTILINE) == [
        '{list="blocking.deny",source="",number="0"}',
        '{list="Pro",source="https://lists.example/a.txt",number="1"}',
        '{list="b.txt",source="/config/b.txt",number="2"}',
    ]
    assert re.search(r'^homedot_build_info{version="[0-9.]+",commit="[0-9a-f]*"} 1$', told, re.MULTILINE)
    assert "secret" not in told


async def test_no_two_samples_are_one_series_and_all_are_of_the_table(settings: Settings) -> None:
    series = re.findall(r"^(homedot_\S+) [0-9.]+$", await text(settings), re.MULTILINE)
    assert len(series) == len(set(series)) > 100
    names = {re.sub("{.*|_(bucket|sum|count)({.*)?$", "", each) for each in series}
    assert names <= {metric.name for metric in METRICS.values()}


async def test_without_a_front_door_the_condition_says_so_and_lists_are_still_told(settings: Settings) -> None:
    told = await metrics_page.text(settings, partial(control_client.condition, settings))
    assert 'homedot_condition{condition="not_answering"} 1' in told
    assert 'homedot_list_up{list="b.txt",source="/config/b.txt",number="2"} 0' in told
    assert "homedot_queries_total" not in told


async def test_of_a_box_that_was_never_started_there_is_a_reason(tmp_path: Path) -> None:
    never = load({"HOMEDOT_RUN_DIR": str(tmp_path)}).settings
    with pytest.raises(OperatorError, match="enrolment"):
        await metrics_page.text(never, partial(control_client.condition, never))


@pytest.mark.server
async def test_promtool_finds_nothing_to_object_to(settings: Settings) -> None:
    promtool = shutil.which("promtool")
    assert promtool is not None
    told, piped = await text(settings), subprocess.PIPE
    checking = await anyio.run_process([promtool, "check", "metrics"], input=told.encode(), stderr=piped, check=False)
    assert (checking.returncode, checking.stdout, checking.stderr) == (0, b"", b"")
