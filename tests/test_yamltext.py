from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.yamltext import tree_of


def test_every_scalar_is_text() -> None:
    text = "a: 18:53\nb: 2026-01-01\nc: [1, true, null, 0x10]\nd:\n"
    assert tree_of(text) == {"a": "18:53", "b": "2026-01-01", "c": ["1", "true", "null", "0x10"], "d": ""}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: [", "expected"),
        ("a: b\na: c", "the key a is given twice"),
        ("a: &b c\nd: *b", "an alias"),
        ("[" * 5000, "nested too deeply"),
        ("\0", "char"),
    ],
)
def test_what_is_not_yaml_is_told(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        tree_of(text)


@given(st.text())
def test_any_text_is_a_tree_or_is_told(text: str) -> None:
    with suppress(ValueError):
        tree_of(text)
