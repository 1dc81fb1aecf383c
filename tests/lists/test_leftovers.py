from pathlib import Path

from app.lists import leftovers, paths

MINE, OTHER, GONE = "https://lists.example/mine", "https://lists.example/other", "https://lists.example/gone"


def touched(*files: Path) -> None:
    for file in files:
        file.touch()


def test_what_no_source_names_goes_and_what_a_child_writes_stays(tmp_path: Path) -> None:
    kept = paths.compiled(tmp_path, MINE)
    written = paths.unfinished(paths.compiled(tmp_path, OTHER)).with_suffix(".half")
    gone = paths.compiled(tmp_path, GONE)
    touched(kept, paths.download(kept), written, gone, paths.download(gone), state := tmp_path / "state.json")
    leftovers.remove(tmp_path, [MINE], [OTHER])
    assert {*tmp_path.iterdir()} == {kept, paths.download(kept), written, state}


def test_what_a_child_left_unfinished_goes_and_the_list_stays(tmp_path: Path) -> None:
    kept = paths.compiled(tmp_path, MINE)
    touched(kept, paths.unfinished(kept).with_suffix(".half"))
    leftovers.remove_unfinished(tmp_path, MINE)
    assert [*tmp_path.iterdir()] == [kept]
