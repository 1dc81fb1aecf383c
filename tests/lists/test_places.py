from pathlib import Path

import pytest

from app.lists.places import compiled, state, title_of, turn, unfinished

FOLDER = Path("/data/lists")


def test_every_source_has_a_file_of_its_own_that_people_recognise() -> None:
    sources = ["https://a.example/ads.txt", "https://b.example/ads.txt", "/config/ads.txt", "/", "https://a.example"]
    names = [compiled(FOLDER, source).name for source in sources]
    assert len(set(names)) == len(sources)
    assert all(name.startswith("ads.txt-") for name in names[:3])


@pytest.mark.parametrize("source", ["https://a.example/" + "x" * 2000, "/config/ä/../ö", "https://a.example/?../../x"])
def test_no_source_leads_out_of_the_folder_or_beyond_what_a_name_can_be(source: str) -> None:
    path = compiled(FOLDER, source)
    assert path.parent == FOLDER
    assert path.resolve() == path
    assert len(path.name.encode()) < 200


def test_a_title_is_the_last_part_of_the_source() -> None:
    assert title_of("https://a.example/lists/pro.txt?raw=1") == "pro.txt"
    assert title_of("/config/blocked.txt") == "blocked.txt"
    assert title_of("https://a.example") == "https://a.example"


def test_what_is_unfinished_is_no_list_and_what_is_no_list_has_another_name() -> None:
    path = compiled(FOLDER, "https://a.example/ads.txt")
    begin = unfinished(path)
    assert begin.parent == FOLDER
    assert not path.name.startswith(begin.name)
    assert all(not other(FOLDER).name.startswith(begin.name) for other in (turn, state))
