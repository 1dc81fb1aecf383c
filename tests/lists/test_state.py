import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lists.state import ListState, load, save

KNOWN = ListState(title="A", names=3, examples=("x y",), etag='"1"', updated_s=12.5, next_s=99.0, error="is empty")


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    save(path, {"https://a.example/a.txt": KNOWN, "/b": ListState()})
    assert load(path) == {"https://a.example/a.txt": KNOWN, "/b": ListState()}


def test_everybody_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    save(path, {})
    assert path.stat().st_mode & 0o777 == 0o644


def test_fields_of_another_version_are_ignored_and_missing_ones_are_defaults(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"/a": {"title": "A", "names": 3, "colour": "red", "next_s": 7}}))
    assert load(path) == {"/a": ListState(title="A", names=3, next_s=7.0)}


@pytest.mark.parametrize(
    "text",
    ["", "junk", "[]", "1", '{"/a": 1}', '{"/a": {"names": "3"}}', '{"/a": {"names": true}}', "[" * 100_000, "\xff"],
)
def test_what_cannot_be_read_is_forgotten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text, encoding="latin-1")
    assert load(path) == {}


@pytest.mark.parametrize("time", ["NaN", "Infinity", "-1e300", "1" + "0" * 400])
def test_a_time_that_nobody_can_reckon_with_is_forgotten(tmp_path: Path, time: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(f'{{"/a": {{"next_s": {time}}}, "/b": {{}}}}')
    assert load(path) == {"/b": ListState()}
    save(path, load(path))


@pytest.mark.parametrize("number", ["-1", "9" * 4300, "true", "1.5"])
@pytest.mark.parametrize("name", ["names", "exceptions", "failures", "junk"])
def test_a_number_that_nobody_can_have_counted_is_forgotten(tmp_path: Path, name: str, number: str) -> None:
    """Of two with 4300 digits each the sum was more than Python writes, and root's command ended with a traceback."""
    path = tmp_path / "state.json"
    path.write_text(f'{{"/a": {{"{name}": {number}}}, "/b": {{}}}}')
    assert load(path) == {"/b": ListState()}


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert load(tmp_path / "state.json") == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["names", "examples", "next_s", "x"]), inner),
)


@given(JSON)
def test_any_json_gives_states(tmp_path_factory: pytest.TempPathFactory, tree: object) -> None:
    path = tmp_path_factory.mktemp("state") / "state.json"
    path.write_text(json.dumps({"/a": tree}))
    assert set(load(path)) <= {"/a"}


def test_what_its_writer_says_steers_no_terminal(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"/a": {"title": "\x1b[2J", "error": "a\rb\x9b", "examples": ["\x1b]0;x\x07"]}}))
    known = load(path)["/a"]
    assert all(text.isprintable() for text in (known.title, known.error, *known.examples))


@pytest.mark.parametrize("kind", ["pipe", "link", "folder", "endless"])
def test_what_is_no_file_says_nothing_and_nobody_waits_for_it(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "state.json"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        (tmp_path / "other").write_text('{"/a": {}}')
        path.symlink_to(tmp_path / "other")
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_text('{"/a": {}}')
        os.truncate(path, 1 << 40)
    assert load(path) == {}
