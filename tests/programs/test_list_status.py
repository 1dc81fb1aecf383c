"""What is known about the lists, and what is asked of the program that keeps them."""

import time
from pathlib import Path

import pytest

from app.config.settings import Blocking, Settings
from app.errors import OperatorError
from app.lists import paths as list_paths
from app.lists.state import ListState, save
from app.programs import paths
from app.programs.list_status import (
    acceptance_request,
    protection,
    remarks,
    request_acceptance,
    request_refresh,
    states,
    summary,
)

URL = "https://lists.example/pro.txt"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "data/lists").mkdir(parents=True)
    return Settings(data_dir=tmp_path / "data", run_dir=tmp_path, blocking=Blocking(lists=(URL,)))


def test_a_list_of_the_settings_is_known_before_anybody_looked_at_it_and_others_are_not(settings: Settings) -> None:
    save(list_paths.state(paths.lists(settings)), {"https://former.example/": ListState(names=7)})
    assert states(settings) == {URL: ListState()}


@pytest.mark.parametrize(
    ("age_s", "said"),
    [(-5, "0 s old"), (119, "119 s old"), (7199, "119 min old"), (86400, "24 h old"), (172800, "2 d old")],
)
def test_an_age_has_the_largest_unit_of_which_there_are_two(age_s: float, said: str) -> None:
    now_s = time.time()
    assert said in summary(URL, ListState(title="Pro", checked_s=now_s, updated_s=now_s - age_s), now_s)[0]


def test_each_request_has_a_file_of_its_own(settings: Settings) -> None:
    request_refresh(settings)
    assert not acceptance_request(settings, URL).exists()
    request_acceptance(settings, URL)
    assert acceptance_request(settings, URL).exists()
    assert acceptance_request(settings, URL) != acceptance_request(settings, URL + "?")


def test_a_request_that_cannot_be_left_says_so(settings: Settings, tmp_path: Path) -> None:
    nowhere = Settings(run_dir=tmp_path / "none", blocking=settings.blocking)
    with pytest.raises(OperatorError, match="is Homedot running"):
        request_refresh(nowhere)
    with pytest.raises(OperatorError, match="is Homedot running"):
        request_acceptance(nowhere, URL)


HERE, ALLOWING = ListState(names=34, updated_s=1.0), ListState(exceptions=5, updated_s=1.0)


@pytest.mark.parametrize(
    ("known", "sentence", "missing"),
    [
        ({}, "no list is named", 0),
        ({"/a": HERE}, "34 names on 1 list", 0),
        ({"/a": HERE, "/b": ListState(names=1_200_000, updated_s=1.0)}, "1,200,034 names on 2 lists", 0),
        ({"/a": HERE, "/b": ListState(error="404")}, "34 names on 1 list; 1 of 2 lists is missing", 1),
        ({"/a": ListState(), "/b": ListState()}, "no list is there yet; 2 of 2 lists are missing", 2),
        ({"/a": ListState()}, "no list is there yet; 1 of 1 list is missing", 1),
        ({"/a": HERE, "/b": ALLOWING}, "34 names on 1 list, 5 names on 1 allow list", 0),
        ({"/a": HERE, "/good": HERE}, "34 names on 1 list, 34 names on 1 allow list", 0),
        ({"/a": ListState(names=1, updated_s=1.0, error="404")}, "1 name on 1 list", 0),  # the old one is used on
    ],
)
def test_a_sentence_says_what_protects_and_what_is_missing(
    known: dict[str, ListState], sentence: str, missing: int
) -> None:
    assert protection(Blocking(allow_lists=("/good",)), known) == (sentence, missing)


@pytest.mark.parametrize(
    ("known", "line"),
    [
        (ListState(reach="exact", reach_why="12.0% of them lie below another"),
         "exact: a plain name in it is for that name alone (12.0% of them lie below another)"),
        (ListState(reach="wildcard", reach_why="the setting says so"),
         "wildcard: a plain name in it is for everything below it too (the setting says so)"),
        (ListState(top_level=3, top_level_examples=("zip", "co.uk")),
         "left out because they are for whole top-level domains or other public suffixes, and the list is not named"
         " with tlds: before its address: 3 lines, like zip and co.uk"),
    ],
)  # fmt: skip
def test_says_how_a_list_is_read_and_what_is_left_out(known: ListState, line: str) -> None:
    assert remarks(known) == [line]
