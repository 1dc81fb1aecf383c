import ast
from textwrap import dedent

import pytest

from tests.mutants.__main__ import CHECKOUT, MODULES, reasons
from tests.mutants.changes import mutants


def changes(source: str) -> list[str]:
    """What the last statement becomes, in its first line."""
    found = list(mutants("app.module", dedent(source)))
    last = max(mutant.line for mutant in found)
    return [mutant.after for mutant in found if mutant.line == last]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("a = b < c", ["a = b <= c"]),
        ("a = b in c and not d", ["a = b in c or not d", "a = b not in c and (not d)", "a = b in c and d"]),
        ("a = 7", ["a = 8"]),
        ("a = True", ["a = False"]),
        ("a = b'x'", ["a = b'y'"]),
        ("a = b''", ["a = b'\\x00'"]),
        ("a += b", ["a -= b"]),
        ("a.b = c", ["pass"]),
        ("f(a)", ["pass"]),
        ("f(a, b=1)", ["pass", "f(a, b=2)"]),
        ("if a:\n    pass", ["if not a:"]),
        ("def f(a: int = 1) -> int: ...", ["def f(a: int=2) -> int:"]),
        ("raise ValueError(7)", ["pass"]),
    ],
)
def test_a_statement_becomes_others(statement: str, expected: list[str]) -> None:
    assert sorted(changes(statement)) == sorted(expected)


@pytest.mark.parametrize(
    "statement",
    [
        "'''A docstring.'''", "a = 'a sentence'", "log.debug('%s', 1)", "assert a > 1", "import a", "a: list[int]",
        "__slots__ = ('a',)", "a = f'{b:>10}'", "@final\nclass A(b[1]): ...",
    ],
)  # fmt: skip
def test_words_types_and_the_log_are_left_alone(statement: str) -> None:
    assert list(mutants("app.module", statement)) == []


def test_each_differs_from_the_module_in_one_line_of_it_and_can_be_told_apart() -> None:
    source = dedent("""
        def f(a, b):
            for each in a:
                if each > 1:
                    break
                if each > 1:
                    b.append(each - 1)
            return len(b) == 0
    """)
    found = list(mutants("app.module", source))
    before = ast.unparse(ast.parse(source)).splitlines()
    for mutant in found:
        after = mutant.source.splitlines()
        assert len([1 for old, new in zip(before, after, strict=True) if old != new]) == 1
        assert mutant.scope == "f"
    assert len({mutant.identity for mutant in found}) == len(found)


def test_of_two_that_look_the_same_the_second_says_so() -> None:
    first, second = mutants("app.module", "a.b = c\na.b = c")
    assert first.identity == "app.module -\n- a.b = c\n+ pass"
    assert second.identity == "app.module - #2\n- a.b = c\n+ pass"


def test_what_is_known_to_change_nothing_is_about_lines_that_are_there() -> None:
    drawn = {f"{room}.{name}" for room, names in MODULES.items() for name in names}
    sources = {module: (CHECKOUT / f"{module.replace('.', '/')}.py").read_text() for module in drawn}
    lines = {
        (name, line.strip().removeprefix("el"))
        for name in drawn
        for line in ast.unparse(ast.parse(sources[name])).splitlines()
    }
    known = [identity.splitlines() for identity in reasons()]
    assert [each for each in known if (each[0].split()[0], each[1].removeprefix("- ")) not in lines] == []
