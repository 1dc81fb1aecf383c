from hypothesis import given
from hypothesis import strategies as st

from app.lists.plain import plain


def test_what_controls_a_terminal_or_begins_a_line_is_replaced() -> None:
    assert plain("a\x1b[2J\nb\u202ec\udcfc", 99) == "a\ufffd[2J\ufffdb\ufffdc\ufffd"


@given(st.text(), st.integers(0, 9))
def test_any_text_is_printable_and_short(text: str, most: int) -> None:
    found = plain(text, most)
    assert found.isprintable()
    assert len(found) == min(len(text), most)
