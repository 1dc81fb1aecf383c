import os
import pwd

import pytest

from app.errors import OperatorError
from app.programs import users

FIND = users.find
"""Before the fixture for all tests of this room makes everybody one user."""


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (users.UNBOUND, "there is no user unbound: apt install unbound"),
        (users.WEB, "there is no user homedot-web: start with `make run`, which adds it"),
    ],
)
def test_root_is_told_who_is_missing_and_what_to_do(monkeypatch: pytest.MonkeyPatch, name: str, told: str) -> None:
    def nobody(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", nobody)
    with pytest.raises(OperatorError) as caught:
        FIND(name)
    assert caught.value.faults == (told,)


def test_root_finds_who_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "find", FIND)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    found = users.find("nobody")
    assert found is not None
    assert (found.pw_name, users.group_id("nobody")) == ("nobody", found.pw_gid)


def test_an_ordinary_user_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "find", FIND)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert users.find("nobody") is None
    assert users.group_id("nobody") is None
