from pathlib import Path

import pytest

from app.lists.paths import compile_lock, compiled, state, title_of, told_apart, unfinished

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


def test_a_title_shows_no_key_of_an_address() -> None:
    assert title_of("https://a.example/?key=secret") == "https://a.example/"
    assert title_of("https://a.example?key=secret") == "https://a.example"


def test_lists_with_one_title_are_told_apart_and_others_keep_theirs() -> None:
    titles = {
        "https://a.example/ads.txt": "Ads",
        "/config/ads.txt": "Ads",
        "https://b.example/1.txt": "Malware",
        "https://b.example/2.txt": "Malware",
        "https://c.example/2.txt": "Malware",
        "https://d.example/3.txt": "Trackers",
    }
    assert list(told_apart(titles).items()) == [
        ("https://a.example/ads.txt", "Ads (a.example)"),
        ("/config/ads.txt", "Ads (ads.txt)"),
        ("https://b.example/1.txt", "Malware (1)"),
        ("https://b.example/2.txt", "Malware (2)"),
        ("https://c.example/2.txt", "Malware (c.example)"),
        ("https://d.example/3.txt", "Trackers"),
    ]


def test_what_tells_lists_apart_fits_into_an_extended_error() -> None:
    source = f"https://{'a' * 60}.{'b' * 60}.example/ads.txt"
    assert len(told_apart({source: "x" * 60, "/config/b.txt": "x" * 60})[source]) < 120


def test_what_is_unfinished_is_no_list_and_what_is_no_list_has_another_name() -> None:
    path = compiled(FOLDER, "https://a.example/ads.txt")
    begin = unfinished(path)
    assert begin.parent == FOLDER
    assert not path.name.startswith(begin.name)
    assert all(not other(FOLDER).name.startswith(begin.name) for other in (compile_lock, state))
