"""Addresses of block lists, and what may stand before them."""

import pytest

from app.config.sources import ListSource, list_source, read

URL = "https://lists.example/a.txt"


@pytest.mark.parametrize(
    ("raw", "source", "parts"),
    [
        (URL, URL, ListSource(URL, None, False)),
        ("/config/a.txt", "/config/a.txt", ListSource("/config/a.txt", None, False)),
        (f"exact:{URL}", f"exact:{URL}", ListSource(URL, False, False)),
        (f" Wildcard: {URL}#part", f"wildcard:{URL}", ListSource(URL, True, False)),
        ("tlds:/config/a.txt", "tlds:/config/a.txt", ListSource("/config/a.txt", None, True)),
        (f"exact:tlds:exact:{URL}", f"tlds:exact:{URL}", ListSource(URL, False, True)),
    ],
)
def test_a_list_may_be_called_exact_wildcard_or_for_top_level_domains(raw: str, source: str, parts: ListSource) -> None:
    assert list_source(raw) == source
    assert list_source(source) == source
    assert read(source) == parts


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (f"exact:wildcard:{URL}", "not both"),
        (f"wild:{URL}", "must be addresses or absolute paths"),
        ("exact:", "must be addresses or absolute paths"),
        ("exact:list.txt", "must be addresses or absolute paths"),
        ("tlds:https://user:secret@lists.example/a.txt", "must not carry a user name or password"),
    ],
)
def test_what_is_no_list_is_refused_whatever_is_said_before_it(raw: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        list_source(raw)


def test_a_file_is_known_by_its_path() -> None:
    assert read("tlds:exact:/config/a.txt").is_file
    assert not read(f"exact:{URL}").is_file
