import pytest

from app.config.secret import Secret, secret


def test_a_secret_is_not_shown_by_any_way_of_printing_it() -> None:
    value = secret(" s3cret ")
    assert value.text == "s3cret"
    assert "s3cret" not in f"{value} {value!r} {[value]}"


@pytest.mark.parametrize("raw", ["", "two words", "line\nend", "ä", "x" * 5000])
def test_what_no_token_looks_like_is_refused_without_being_told(raw: str) -> None:
    with pytest.raises(ValueError, match="one word of printable") as caught:
        secret(raw)
    assert not raw or raw not in str(caught.value)


def test_two_secrets_are_the_same_if_their_texts_are() -> None:
    assert Secret("a") == secret("a") != secret("b")
