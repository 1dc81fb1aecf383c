import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.onboarding import token


def test_every_token_is_another_one_and_easy_to_type() -> None:
    made = {token.new() for _ in range(100)}
    assert len(made) == 100
    for each in made:
        assert token.is_token(each)
        assert [len(group) for group in each.split("-")] == [4, 4, 4, 4]


@pytest.mark.parametrize(
    "typed", ["k7wm-3xqa-p5tn-2d6o", " K7WM 3XQA P5TN 2D6O\n", "k7wm3xqap5tn2d6o", "k7wm-3xqa-p5tn-2d60"]
)
def test_is_the_same_however_it_is_typed(typed: str) -> None:
    assert token.is_same(typed, "k7wm-3xqa-p5tn-2d6o")


@pytest.mark.parametrize("typed", ["", "k7wm-3xqa-p5tn-2d6e", "k7wm-3xqa-p5tn", "k7wm-3xqa-p5tn-2d6o-aaaa", "é" * 16])
def test_is_not_the_same_with_another_letter(typed: str) -> None:
    assert not token.is_same(typed, "k7wm-3xqa-p5tn-2d6o")


@pytest.mark.parametrize("kept", ["", "-", "short"])
def test_nothing_is_the_same_as_what_is_no_token(kept: str) -> None:
    assert not token.is_same(kept, kept)


@given(st.text())
def test_any_text_is_the_same_as_itself_if_it_is_a_token(text: str) -> None:
    assert token.is_same(text, text) is token.is_token(text)
