import pytest

from app.config.load import load
from app.config.settings import Settings
from app.programs.exposure import blindness, notices, warnings, written_down


def settings(**more: str) -> Settings:
    return load({f"HOMEDOT_{name}": value for name, value in more.items()}).settings


def test_by_default_there_is_nothing_to_warn_of() -> None:
    assert list(warnings(settings())) == []
    assert list(warnings(settings(PLAIN__ENABLED="true"))) == []


@pytest.mark.parametrize("networks", ["0.0.0.0/0", "::/0", "fd00::/8, 0.0.0.0/1, 128.0.0.0/1", "2000::/3"])
def test_the_whole_internet_is_warned_of_for_each_door_that_is_open(networks: str) -> None:
    (dot,) = warnings(settings(DOT__ALLOW_FROM=networks, PLAIN__ALLOW_FROM=networks))
    assert dot.startswith("dot.allow_from holds the whole internet")
    both = warnings(settings(DOT__ALLOW_FROM=networks, PLAIN__ALLOW_FROM=networks, PLAIN__ENABLED="true"))
    assert [line.split(" ")[0] for line in both] == ["dot.allow_from", "plain.allow_from"]


def test_what_a_bridge_network_cannot_tell_apart_is_said_with_what_to_do() -> None:
    assert "appears as 172.18.0.1" in blindness("172.18.0.1")
    assert "0.0.0.0:853:853" in blindness("172.18.0.1")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({}, "Names that are asked are not written down."),
        ({"LOG__QUERIES": "true", "LOG__LEVEL": "warning"}, "Names that are asked are not written down."),
        ({"LOG__QUERIES_OF": "blocked"}, "Names that are asked are not written down."),
        ({"LOG__QUERIES": "true"}, "Each name that is asked is written down"),
        ({"DOT__LOG_QUERIES": "true"}, "Each name that is asked is written down"),
        (
            {"LOG__QUERIES": "true", "LOG__QUERIES_OF": "192.168.1.23, blocked, fd00::/64"},
            "Each name that is asked and blocked from 192.168.1.23/32, fd00::/64 is written down",
        ),
    ],
)
def test_everybody_is_told_whether_names_are_written_down(more: dict[str, str], sentence: str) -> None:
    assert written_down(settings(**more)).startswith(sentence)


def test_that_names_are_written_down_is_at_the_head_of_the_page() -> None:
    assert list(notices(settings(LOG__QUERIES="true"))) == [written_down(settings(LOG__QUERIES="true"))]
    assert list(notices(settings())) == list(warnings(settings(LOG__QUERIES="true"))) == []
