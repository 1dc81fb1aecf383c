"""What the setup page learns of blocking, from a front door and lists that are really there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.config.load import load
from app.config.settings import Settings
from app.errors import OperatorError
from app.lists import paths as list_paths
from app.lists.state import ListState, save
from app.onboarding.blocking import Found
from app.programs import handing, paths
from app.programs.blocking_page import BlockingClient
from app.programs.list_status import NOT_YET
from app.programs.paths import IS_RUNNING
from app.programs.pause_token import ensure
from tests.appliance import CHECKOUT
from tests.fakes.frontdoor import hearing

FIRST, SECOND = "https://lists.example/a.txt", "/config/b.txt"


def settings(folder: Path, **more: str) -> Settings:
    given = {"DATA_DIR": str(folder), "RUN_DIR": str(folder), "BLOCKING__LISTS": f"{FIRST}, {SECOND}"} | more
    loaded = load({f"HOMEDOT_{name}": value for name, value in given.items()}).settings
    paths.lists(loaded).mkdir()
    return loaded


@pytest.mark.anyio
async def test_asks_pauses_and_resumes_over_the_socket(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    blocking = BlockingClient(chosen)
    async with hearing(paths.control_socket(chosen)) as heard:
        assert (await blocking.state()).paused_s == 0
        says = "www.ads.example: blocked: ads.example is on the list Made-up list"
        remedy = (
            "To allow it, put this below environment in the compose file, and restart Homedot:",
            'HOMEDOT_BLOCKING__ALLOW: "www.ads.example"',
        )
        assert await blocking.reason("www.ads.example") == Found(
            "listed", "ads.example", says, ["noted for {'A': 1, 'AAAA': 28, 'HTTPS': 65}"], remedy
        )
        await blocking.pause(300)
        assert heard.pause.left_s == 300
        await blocking.resume()
        assert heard.pause.left_s == 0


@pytest.mark.anyio
async def test_what_to_do_otherwise_names_the_file_or_the_variable_that_has_it(tmp_path: Path) -> None:
    own, folders = tmp_path / "own.yaml", {"HOMEDOT_DATA_DIR": str(tmp_path), "HOMEDOT_RUN_DIR": str(tmp_path / "run")}
    own.write_text("blocking:\n  allow: [a.example]\n")
    loaded = load({**folders, "HOMEDOT_CONFIG": str(own), "HOMEDOT_BLOCKING__DENY": "b.example"})
    handing.hand_on(loaded)
    async with hearing(paths.control_socket(loaded.settings)):
        blocked, passed = [
            (await BlockingClient(loaded.settings).reason(name)).remedy for name in ("x.ads.example", "www.example")
        ]
    assert blocked == (
        f"To allow it, put this into {own}, in place of allow below blocking, and restart Homedot:",
        '  allow:\n    - "a.example"\n    - "x.ads.example"',
    )
    assert passed == (
        "To block it, put this in place of what it is now, and restart Homedot:",
        'HOMEDOT_BLOCKING__DENY: "b.example, www.example"',
    )


@pytest.mark.anyio
async def test_no_lines_stand_for_what_a_setting_or_a_standard_decides(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    async with hearing(paths.control_socket(chosen)):
        assert (await BlockingClient(chosen).reason("localhost")).remedy is None


@pytest.mark.anyio
async def test_without_a_front_door_the_state_has_a_gap_and_the_rest_fails(tmp_path: Path) -> None:
    blocking = BlockingClient(settings(tmp_path))
    state = await blocking.state()
    assert state.is_enabled
    assert state.paused_s is None
    for asked in (blocking.reason("www.example"), blocking.pause(300), blocking.resume()):
        with pytest.raises(OperatorError, match=re.escape(IS_RUNNING)):
            await asked


@pytest.mark.anyio
async def test_tells_of_every_list_in_the_words_of_the_command(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    known = ListState(title="A", names=12, checked_s=1.0, updated_s=1.0, failures=2, error="404")
    save(list_paths.state(paths.lists(chosen)), {FIRST: known})
    state = await BlockingClient(chosen).state()
    first, second = state.lists
    assert state.protection == "12 names on 1 list; 1 of 2 lists is missing"
    assert (first.source, first.is_failing) == (FIRST, True)
    assert first.lines[0].startswith("A, 12 names, ")
    assert first.lines[1] == "failed, 2 in a row: 404"
    assert (second.source, list(second.lines), second.is_failing) == (SECOND, [NOT_YET], True)


@pytest.mark.anyio
async def test_shows_no_key_of_an_address(tmp_path: Path) -> None:
    source = "https://lists.example:8443/a.txt?key=secret"
    (shown,) = (await BlockingClient(settings(tmp_path, BLOCKING__LISTS=source)).state()).lists
    assert shown.source == "https://lists.example:8443/a.txt"


@pytest.mark.anyio
async def test_asks_nobody_when_blocking_is_off(tmp_path: Path) -> None:
    assert not (await BlockingClient(settings(tmp_path, BLOCKING__ENABLED="false")).state()).is_enabled


def test_the_token_is_read_anew_each_time(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    blocking = BlockingClient(chosen)
    assert blocking.token() is None
    ensure(chosen)
    made = blocking.token()
    assert made is not None
    paths.token(chosen).unlink()
    assert blocking.token() is None


def test_it_is_learned_without_the_libraries_of_other_programs() -> None:
    """They would take ten megabytes for months in a process that needs none of them."""
    program = "import sys, app.programs.blocking_page; print({'dns', 'cryptography', 'yaml'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=CHECKOUT)
    assert done.stdout == "set()\n"
