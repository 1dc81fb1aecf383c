"""`homedot lists`: what it shows, and what it asks for."""

import asyncio
import json
import time
from argparse import Namespace
from pathlib import Path

import pytest

from app.cli import lists
from app.cli.commands import main
from app.config.load import Loaded, load
from app.config.settings import Blocking, Settings
from app.errors import OperatorError
from app.lists.paths import compiled
from app.lists.paths import state as state_path
from app.lists.state import ListState, save
from app.owner.length import moment
from app.owner.will import LIST as LIST_KIND
from app.owner.will import OFF, Key, Moment, Will
from app.programs import owner_file, paths
from app.programs.list_status import NOT_YET
from tests.fakes.frontdoor import hearing

URL, FILE, MORE = "https://lists.example/pro.txt", "/config/mine.txt", "https://lists.example/more.txt"
LIST = b"! Title: Mine\nads.example.com\n"


def shown(settings: Settings, capsys: pytest.CaptureFixture[str]) -> list[str]:
    lists.show(settings, {})
    return capsys.readouterr().out.splitlines()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "data/lists").mkdir(parents=True)
    return Settings(data_dir=tmp_path / "data", run_dir=tmp_path, blocking=Blocking(lists=(URL, FILE)))


def test_shows_what_is_known_about_each_list(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    now_s = time.time()
    known = ListState(
        title="Pro", names=123456, exceptions=12,
        updated_s=now_s - 3 * 86400 - 60, checked_s=now_s - 60, next_s=now_s + 3630,
        unsupported=7, left_out=("7 rules need what a DNS server cannot see: a path, like '||a/b'",),
        junk=2, examples=("hello",), failures=4, error="the server answers 404 Not Found",
    )  # fmt: skip
    save(state_path(paths.lists(settings)), {URL: known, FILE: ListState(title="Own", names=1, checked_s=now_s)})
    assert shown(settings, capsys) == [
        "123,456 names on 1 list; 1 of 2 lists is missing",
        URL,
        "  Pro, 123456 names, 12 exceptions, 3 d old, next check in 60 min",
        "  left out: 7 rules need what a DNS server cannot see: a path, like '||a/b'",
        "  not understood: 2 lines, like 'hello'",
        "  failed, 4 in a row: the server answers 404 Not Found",
        FILE,
        "  Own, 1 names",
    ]


def test_shows_a_list_that_nobody_has_looked_at(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(settings, capsys)[1:] == [URL, f"  {NOT_YET}", FILE, f"  {NOT_YET}"]


def test_shows_that_blocking_is_off(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(Settings(blocking=Blocking(enabled=False)), capsys) == [
        "blocking.enabled is false: no list is used"
    ]  # fmt: skip


def test_a_request_is_a_file_that_is_touched(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    lists.refresh(settings)
    assert paths.refresh_request(settings).exists()
    assert "`homedot lists` shows the result" in capsys.readouterr().out


@pytest.mark.parametrize("action", [["refresh"], ["accept", URL]])
def test_a_request_to_nobody_says_so(action: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path / "none"), "HOMEDOT_BLOCKING__LISTS": URL}
    assert main(["lists", *action], environment) == 2
    assert "is Homedot running" in capsys.readouterr().err


def know(settings: Settings, **known: ListState) -> None:
    states = {source: known[name] for source, name in ((URL, "url"), (FILE, "file")) if name in known}
    save(state_path(paths.lists(settings)), states)


def requested_sources(settings: Settings) -> list[str]:
    """Whose next download is to be taken whatever its size."""
    asked = {path.name for path in settings.run_dir.glob("accept-*")}
    return [source for source in (URL, FILE) if f"accept-{compiled(paths.lists(settings), source).name}" in asked]


def test_shows_that_a_list_of_exceptions_is_an_allow_list(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    know(settings, url=ListState(title="Good", exceptions=12, checked_s=time.time()))
    assert shown(settings, capsys)[2:4] == [
        "  Good, 0 names, 12 exceptions, next check in 0 s",
        "  is an allow list: its names are allowed, whatever other lists say",
    ]


def test_lists_with_one_title_are_shown_apart(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    alike = ListState(title="Ads", names=2, checked_s=time.time())
    know(settings, url=alike, file=alike)
    lines = shown(settings, capsys)
    assert lines[2].startswith("  Ads (lists.example), 2 names")
    assert lines[4].startswith("  Ads (mine.txt), 2 names")


@pytest.mark.parametrize("which", [None, URL, "Pro"])
def test_a_list_that_was_refused_for_its_size_is_accepted(
    settings: Settings, which: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = ListState(title="Pro", error="is empty", is_refused=True)
    know(settings, url=refused, file=ListState(title="Own", error="is not a file"))
    lists.accept(settings, which)
    assert requested_sources(settings) == [URL]
    assert capsys.readouterr().out == (
        f"{URL}: is being downloaded, and used whatever its size; `homedot lists` shows the result\n"
    )


def test_without_a_refused_list_there_is_nothing_to_accept(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    know(settings, url=ListState(title="Pro", error="the server answers 404"))
    lists.accept(settings, None)
    assert requested_sources(settings) == []
    assert "nothing to accept" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("which", "fault"),
    [
        ("Nobody's", f'must be the title or the address of a list: Pro, {FILE} \\(got "Nobody\'s"\\)'),
        (FILE, "is a file, which is always taken as it is"),
    ],
)
def test_what_cannot_be_accepted_is_told(settings: Settings, which: str, fault: str) -> None:
    know(settings, url=ListState(title="Pro", is_refused=True))
    with pytest.raises(OperatorError, match=fault):
        lists.accept(settings, which)
    assert requested_sources(settings) == []


def test_with_blocking_off_nothing_is_accepted_and_only_that_takes_a_list(settings: Settings) -> None:
    with pytest.raises(OperatorError, match=r"blocking\.enabled is false"):
        lists.accept(Settings(blocking=Blocking(enabled=False)), URL)
    with pytest.raises(OperatorError, match="lists refresh: takes no list"):
        lists.run(Loaded(settings, {}, {}), Namespace(action="refresh", which=URL, json=False))


def test_scripts_are_told_the_same_of_each_list(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    now_s = time.time()
    known = ListState(
        title="Pro", names=2, checked_s=now_s, updated_s=now_s - 60, next_s=now_s + 3600,
        unsupported=7, left_out=("7 rules need what a DNS server cannot see: a path, like '||a/b'",),
        top_level=3, top_level_examples=("zip", "co.uk"), junk=2, examples=("hello",),
        reach="exact", reach_why="the setting says so",
    )  # fmt: skip
    know(settings, url=known)
    lists.run(Loaded(settings, {}, {}), Namespace(action="show", which=None, json=True))
    pro, own = json.loads(capsys.readouterr().out)
    assert {name: pro[name] for name in pro if name.startswith(("unsupported", "left", "public", "junk", "reach"))} == {
        "unsupported_lines": 7,
        "left_out": ["7 rules need what a DNS server cannot see: a path, like '||a/b'"],
        "public_suffix_lines": 3,
        "public_suffix_examples": ["zip", "co.uk"],
        "junk_lines": 2,
        "junk_examples": ["hello"],
        "reach": "exact",
        "reach_why": "the setting says so",
    }
    assert pro["remarks"] == [line.strip() for line in shown(settings, capsys)[3:7]]
    assert (pro["source"], pro["title"], pro["names"], pro["error"]) == (URL, "Pro", 2, None)
    assert 60 <= pro["age_seconds"] < 120
    assert (own["source"], own["age_seconds"], own["next_look_seconds"]) == (FILE, None, None)


def test_what_prints_no_table_has_no_json(settings: Settings) -> None:
    with pytest.raises(OperatorError, match="lists refresh: has no --json"):
        lists.run(Loaded(settings, {}, {}), Namespace(action="refresh", which=None, json=True))


def test_says_where_each_list_is_set_and_which_is_switched_off(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    will = Will("box").after({Key(LIST_KIND, MORE): "block", Key(LIST_KIND, URL): OFF}, Moment(1_800_000_000.0, "me"))
    owner_file.write(settings, will)
    when = f"set {moment(1_800_000_000)} by me"
    loaded = Loaded(settings, {"blocking.lists": "HOMEDOT_BLOCKING__LISTS"}, {"blocking.lists": ""})
    lists.run(loaded, Namespace(action="show", which=None, json=False))
    assert capsys.readouterr().out.splitlines()[1:] == [
        FILE, f"  {NOT_YET}", "  set in HOMEDOT_BLOCKING__LISTS", MORE, f"  {NOT_YET}", f"  {when}",
        URL, f"  switched off, {when}",
    ]  # fmt: skip
    lists.run(loaded, Namespace(action="show", which=None, json=True))
    own, more = json.loads(capsys.readouterr().out)
    assert (own["set"], more["set"]) == ("set in HOMEDOT_BLOCKING__LISTS", when)


def test_what_the_owner_set_and_cannot_be_read_is_told_and_the_rest_shown(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    paths.owner(settings).parent.mkdir()
    paths.owner(settings).write_text("nonsense")
    lists.run(Loaded(settings, {}, {}), Namespace(action="show", which=None, json=False))
    told = capsys.readouterr()
    assert {URL, FILE} <= set(told.out.splitlines())
    assert "will.json: is damaged: it is left as it is" in told.err
    assert paths.owner(settings).read_text() == "nonsense"


@pytest.mark.anyio
async def test_lists_are_added_and_removed_by_the_running_homedot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path), "HOMEDOT_DATA_DIR": str(tmp_path)}
    async with hearing(paths.control_socket(load(environment).settings)) as heard:
        for argv, values in (
            (["add", URL], {URL: "block"}),
            (["add", "--allow", MORE], {URL: "block", MORE: "allow"}),
            (["remove", URL], {MORE: "allow"}),
        ):
            assert await asyncio.to_thread(main, ["lists", *argv], environment) == 0
            assert {entry.key.of: entry.value for entry in heard.owner.will.live(LIST_KIND)} == values
        assert await asyncio.to_thread(main, ["lists", "add", "more.txt"], environment) == 2
        assert "more.txt: must be addresses or absolute paths" in capsys.readouterr().err
        for action in ("add", "remove"):
            assert await asyncio.to_thread(main, ["lists", action], environment) == 2
            assert f"lists {action}: must be followed by an address or a file" in capsys.readouterr().err


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(("own", "code"), [(ListState(), 1), (ListState(title="Own", names=1, updated_s=1.0), 0)])
def test_the_exit_code_says_whether_a_list_is_missing(
    settings: Settings, own: ListState, code: int, *, as_json: bool
) -> None:
    failing = ListState(title="Pro", names=5, updated_s=1.0, checked_s=2.0, error="the server answers 404")
    know(settings, url=failing, file=own)
    assert lists.run(Loaded(settings, {}, {}), Namespace(action="show", which=None, json=as_json)) == code


@pytest.mark.parametrize("blocking", [Blocking(enabled=False), Blocking(lists=())])
def test_where_no_list_is_wanted_none_is_missing(blocking: Blocking) -> None:
    assert lists.run(Loaded(Settings(blocking=blocking), {}, {}), Namespace(action="show", which=None, json=False)) == 0
