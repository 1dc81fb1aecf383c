from hypothesis import given
from hypothesis import strategies as st

from app.text import cut, printable


def test_what_controls_a_terminal_or_begins_a_line_is_replaced() -> None:
    assert printable("a\x1b[2J\nb\u202ec\udcfc", 99) == "a\ufffd[2J\ufffdb\ufffdc\ufffd"


@given(st.text(), st.integers(0, 9))
def test_any_text_is_printable_and_short(text: str, most: int) -> None:
    found = printable(text, most)
    assert found.isprintable()
    assert len(found) == min(len(text), most)


@given(st.text())
def test_without_a_limit_all_of_it_is_shown(text: str) -> None:
    assert len(printable(text)) == len(text)


def test_text_is_cut_between_characters() -> None:
    assert cut("aü" * 9, 5) == "aüa"
    assert cut("aü", 5) == "aü"
    assert cut("a\ud800b", 9) == "a?b"


@given(st.text(st.characters(), max_size=99), st.integers(0, 99))
def test_any_text_is_cut_to_its_beginning(text: str, most: int) -> None:
    found = cut(text, most)
    assert len(found.encode()) <= most
    assert text.encode(errors="replace").decode().startswith(found)
