"""What several lists say about one name, and whose word counts."""

from pathlib import Path

import pytest

from app.answer.wire import TYPE_A
from app.lists.blocklist import Blocklist
from app.lists.names import BLOCK, IMPORTANT_BLOCK, LIFT
from app.lists.weighing import ALLOW, weighed
from tests.fakes.compiled_list import write_list

LISTS = {
    "/first": "||ads.example^\n||bad.example^\n||one.example^\n@@||x.one.example^\n",
    "/second": "||ads.example^\n||www.bad.example^$important\n@@||two.example^\n||two.example^\n",
    "/allow": "@@||good.ads.example^\n@@||two.example^\n",
}


@pytest.fixture
def lists(tmp_path: Path) -> list[Blocklist]:
    return [Blocklist(write_list(tmp_path, source, text, source)) for source, text in LISTS.items()]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("www.ads.example", (BLOCK, "ads.example", "/first")),  # of two alike, the first
        ("www.bad.example", (IMPORTANT_BLOCK, "www.bad.example", "/second")),
        ("bad.example", (BLOCK, "bad.example", "/first")),
        ("a.x.one.example", (LIFT, "x.one.example", "/first")),
        ("two.example", (ALLOW, "two.example", "/allow")),
        ("good.ads.example", (ALLOW, "good.ads.example", "/allow")),
        ("www.example", None),
        ("example", None),
        ("", None),
    ],
)
def test_the_weightiest_word_counts(lists: list[Blocklist], name: str, said: object) -> None:
    assert weighed(lists)(name, TYPE_A) == said


def test_every_name_of_an_allow_list_is_allowed_whatever_is_said_of_it_there(lists: list[Blocklist]) -> None:
    said = weighed(lists, ["/second"])
    assert said("www.ads.example", TYPE_A) == (ALLOW, "ads.example", "/second")
    assert said("www.bad.example", TYPE_A) == (ALLOW, "www.bad.example", "/second")
    assert said("bad.example", TYPE_A) == (BLOCK, "bad.example", "/first")


def test_lists_with_one_title_are_told_apart(tmp_path: Path) -> None:
    alike = [Blocklist(write_list(tmp_path, f"/{where}", f"{where}.example", "Mine")) for where in "ab"]
    assert [weighed(alike)(f"{where}.example", TYPE_A) for where in "ab"] == [
        (BLOCK, "a.example", "Mine (a)"), (BLOCK, "b.example", "Mine (b)"),
    ]  # fmt: skip
