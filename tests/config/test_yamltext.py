from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.yamltext import tree_of


def test_every_scalar_is_text() -> None:
    text = "a: 18:53\nb: 2026-01-01\nc: [1, true, null, 0x10]\nd:\n"
    assert tree_of(text) == {"a": "18:53", "b": "2026-01-01", "c": ["1", "true", "null", "0x10"], "d": ""}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: [", "line 1, column 5: a bracket without its counterpart"),
        ("a: b\nc:\n  d: e\n  d: f", "line 4, column 3: a key that is given twice"),
        ("a: &b c\nd: *b", "line 2, column 4: an alias"),
        ("a:\n\tb: c", "line 2, column 1: a tab"),
        ("a: b\nb: 'c\nd: e", "line 2, column 4: a quote that is never closed"),
        ("a: secret: c", "line 1, column 10: a colon in the wrong place"),
        ("a: @c", "line 1, column 4: a character that cannot begin a value"),
        ("a:\n  b: c\n d: e", "line 3, column 2: an indentation that is not the one above"),
        ('a: "\\q"', "line 1, column 6: a backslash"),
        ('a: "\\UFFFFFFFF"', "a backslash"),
        ("{a: b", "line 1, column 6: an opening bracket"),
        ("a: b\n---\nc: d", "line 2, column 1: a second document"),
        ("? [a]\n: b", "line 1, column 3: a key that is no text"),
        ("a: >x\n b", "line 1, column 5: something that is not YAML"),
        ("[" * 5000, "nested too deeply"),
        ("a: b\nc: \0", "line 2, column 4: a character that no text has"),
    ],
)
def test_what_is_not_yaml_is_told_with_its_place(text: str, fault: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is looked at
        tree_of(text)
    assert str(caught.value).startswith(fault)


@pytest.mark.parametrize(
    "text",
    [
        "key hunter2\nother: b", "a: 'hunter2", "a: !hunter2! b", "a: b\n  hunter2: c", "{hunter2: a, hunter2: b}",
        "a: *hunter2", "a: &hunter2 b\nc: &hunter2 d\ne: *hunter2", "a: hunter2\x01",
        '"\\hunter2"', "a: >hunter2", "%hunter2",
    ],
)  # fmt: skip
def test_what_stands_in_the_file_is_not_told(text: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is looked at
        tree_of(text)
    assert "hunter" not in str(caught.value)


@given(st.text() | st.text(alphabet="a:[]{}'\"\\U0 \n\t-&*!%|>?,#@", max_size=30))
def test_any_text_is_a_tree_or_is_told(text: str) -> None:
    with suppress(ValueError):
        tree_of(text)
