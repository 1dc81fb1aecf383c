"""The cookie that says who is signed in, as somebody who wants to make one would look at it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.onboarding import session, token
from app.onboarding.session import COOKIE, LASTS_S, begin, cookie, entry_key, form_key, is_entry_key, read, value_in

NOW_S = 1_800_000_000.0
TOKEN, OTHER = "k7wm-3xqa-p5tn-2d6e", "aaaa-bbbb-cccc-dddd"


def test_a_session_is_good_at_this_box_until_its_end_and_each_is_another() -> None:
    value = begin(TOKEN, NOW_S)
    found = read(value, TOKEN, NOW_S + LASTS_S - 1)
    assert found is not None
    assert found.ends_s == NOW_S + LASTS_S
    assert read(value, TOKEN, NOW_S + LASTS_S) is None
    assert read(value, OTHER, NOW_S) is None
    assert read(value, TOKEN.replace("-", "").upper(), NOW_S) == found
    assert len({begin(TOKEN, NOW_S) for _ in range(100)}) == 100


def test_another_token_ends_every_session() -> None:
    values = [begin(TOKEN, NOW_S) for _ in range(10)]
    renewed = token.new()
    assert [read(value, renewed, NOW_S) for value in values] == [None] * 10


@pytest.mark.parametrize("at", range(0, 98, 7))
def test_no_part_of_a_cookie_can_be_changed(at: int) -> None:
    value = begin(TOKEN, NOW_S)
    for letter in "0a.Z":
        changed = value[:at] + letter + value[at + 1 :]
        assert changed == value or read(changed, TOKEN, NOW_S) is None


def test_what_was_signed_for_something_else_is_no_session() -> None:
    found = read(begin(TOKEN, NOW_S), TOKEN, NOW_S)
    assert found is not None
    for stolen in (form_key(found, TOKEN), entry_key(TOKEN, NOW_S)):
        assert read(f"{found.ends_s}.{found.ident}.{stolen}", TOKEN, NOW_S) is None
    assert form_key(found, TOKEN) != form_key(found._replace(ident="x" * 22), TOKEN)


def test_one_that_would_last_longer_than_any_was_made_by_a_wrong_clock() -> None:
    assert read(begin(TOKEN, NOW_S + 30 * 86400), TOKEN, NOW_S) is None


@given(st.text(max_size=120))
def test_any_text_is_no_session_and_no_fault(text: str) -> None:
    assert read(text, TOKEN, NOW_S) is None
    assert not is_entry_key(text, TOKEN, NOW_S)
    value_in(text)


def test_ours_is_found_among_the_cookies_of_others() -> None:
    assert value_in(f"a=b; {COOKIE}=x.y; c=d") == "x.y"
    for cookies in ("", "a=b", f"{COOKIE}", "\0", f"{COOKIE}={'x' * 5000}"):
        assert value_in(cookies) == ""


def test_no_script_and_no_other_page_gets_the_cookie() -> None:
    header = cookie("v", is_secure=False)
    assert header == f"{COOKIE}=v; Max-Age={LASTS_S}; Path=/; HttpOnly; SameSite=Strict"
    assert cookie("v", is_secure=True) == f"{header}; Secure"
    assert f"{COOKIE}=; Max-Age=0" in cookie("", is_secure=False)


def test_a_form_for_signing_in_is_good_for_an_hour_at_least_and_two_at_most() -> None:
    key = entry_key(TOKEN, NOW_S)
    assert is_entry_key(key, TOKEN, NOW_S)
    assert is_entry_key(key, TOKEN, NOW_S + 3599)
    assert not is_entry_key(key, TOKEN, NOW_S + 7200)
    assert not is_entry_key(key, OTHER, NOW_S)
    assert session.is_same("é", "é")
