"""Every line of docs/standards.md has a test that carries its id in its name."""

import ast
import re
from pathlib import Path

import pytest

from tests.documents import text_of

TESTS = Path(__file__).parent
LINES = re.findall(r"^\| ([CEDX]\d+) \| (.+) \| (.+) \|$", text_of("docs/standards.md"), re.MULTILINE)
IDS = [line.lower() for line, _, _ in LINES]


def names_of_tests() -> list[str]:
    return [
        node.name
        for path in TESTS.rglob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]


NAMES = names_of_tests()


@pytest.mark.parametrize("line", IDS)
def test_the_line_is_proved_by_a_test_of_its_name(line: str) -> None:
    assert [name for name in NAMES if line in name.split("_")]


def test_a_test_names_no_line_that_there_is_not() -> None:
    named = {word for name in NAMES for word in re.findall(r"(?<=_)[cedx]\d+(?=_)", name)}
    assert named <= set(IDS)


def test_the_page_has_every_line_once_in_order_with_the_document_it_is_from() -> None:
    assert sorted(IDS, key=lambda line: ("cedx".index(line[0]), int(line[1:]))) == IDS
    assert len(set(IDS)) == len(IDS) == text_of("docs/standards.md").count("\n| ") - 1  # the head
    for family in "cedx":
        numbers = [int(line[1:]) for line in IDS if line[0] == family]
        assert numbers == list(range(1, len(numbers) + 1))
    assert [document for _, _, document in LINES if not re.match(r"RFC \d+ \d", document)] == []
