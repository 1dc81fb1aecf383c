"""Every line of the standards that a DNS-over-TLS server answers for has a test that carries its id in its name.

C: connection and framing. E: EDNS, padding, keepalive. D: AD, CD and DO in front of a validating resolver. X: extended
errors, stale, failed and negative answers.
"""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
IDS = [
    f"{family}{number}" for family, last in (("c", 20), ("e", 19), ("d", 6), ("x", 7)) for number in range(1, last + 1)
]


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
