"""What a setting is called where somebody has to change it."""

from pathlib import Path

import pytest
import yaml

from app.config.load import Loaded, load
from app.config.naming import addition, in_force

TEXT = "set `resolver.mode` to forward, then run `docker compose up`; `no.such` stays"


def loaded(tmp_path: Path, text: str = "", **environment: str) -> Loaded:
    own = {f"HOMEDOT_{name}": value for name, value in environment.items()}
    if text:
        (tmp_path / "own.yaml").write_text(text)
        own["HOMEDOT_CONFIG"] = str(tmp_path / "own.yaml")
    return load(own)


@pytest.mark.parametrize(
    ("text", "environment", "called"),
    [
        ("", {}, "HOMEDOT_RESOLVER__MODE"),
        ("", {"RESOLVER__MODE": "recursive"}, "HOMEDOT_RESOLVER__MODE"),
        ("resolver: {mode: recursive}", {}, "resolver.mode in FILE"),
        ("hostname: dns.home.arpa", {}, "resolver.mode in FILE"),
        ("hostname: dns.home.arpa", {"RESOLVER__MODE": "recursive"}, "HOMEDOT_RESOLVER__MODE"),
    ],
)
def test_a_setting_is_called_by_what_set_it_and_else_by_what_sets_others(
    tmp_path: Path, text: str, environment: dict[str, str], called: str
) -> None:
    expected = TEXT.replace("`resolver.mode`", called.replace("FILE", f"{tmp_path}/own.yaml"))
    assert in_force(loaded(tmp_path, text, **environment), TEXT) == expected


def test_what_is_no_setting_stays_as_it_is(tmp_path: Path) -> None:
    assert in_force(loaded(tmp_path), "`addresses` and `ss -lntup`") == "HOMEDOT_ADDRESSES and `ss -lntup`"


@pytest.mark.parametrize(
    ("text", "where", "whole"),
    [
        ("hostname: dns.home.arpa\n", "into FILE", "hostname: dns.home.arpa\n"),
        ("blocking:\n  mode: nodata\n", "into FILE, below blocking", "blocking:\n  mode: nodata\n"),
        ("blocking:\n  allow: [a.example]\n", "into FILE, in place of allow below blocking", "blocking:\n"),
    ],
)
def test_what_is_added_to_yaml_makes_no_second_key(tmp_path: Path, text: str, where: str, whole: str) -> None:
    had = loaded(tmp_path, text)
    found = addition(had, "blocking.allow", had.settings.blocking.allow, "b.example")
    assert found.where == where.replace("FILE", f"{tmp_path}/own.yaml")
    allow = [*had.settings.blocking.allow, "b.example"]
    assert loaded(tmp_path, f"{whole}{found.lines}\n").settings.blocking.allow == tuple(allow)
    assert yaml.safe_load(f"{whole}{found.lines}\n")["blocking"]["allow"] == allow


def test_what_is_added_to_the_environment_keeps_what_was_there(tmp_path: Path) -> None:
    had = loaded(tmp_path, "hostname: dns.home.arpa", BLOCKING__ALLOW="a.example")
    found = addition(had, "blocking.allow", had.settings.blocking.allow, "b.example")
    assert found.lines == 'HOMEDOT_BLOCKING__ALLOW: "a.example, b.example"'
    assert found.where == "in place of what it is now"
    assert addition(loaded(tmp_path), "blocking.deny", (), "b.example").lines == 'HOMEDOT_BLOCKING__DENY: "b.example"'
