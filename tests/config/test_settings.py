import re
from dataclasses import FrozenInstanceError
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.config import settings, values
from app.config.setting import setting
from app.config.settings import HOME_NETWORKS, Leaf, Settings, leaves

APP = Path(settings.__file__).parent.parent
USING = [path.read_text() for path in APP.rglob("*.py") if path != Path(settings.__file__)]


def test_every_setting_has_a_name_a_variable_and_a_sentence() -> None:
    variables = {leaf.name: leaf.variable for leaf in leaves()}
    assert variables["web.port"] == "HOMEDOT_WEB__PORT"
    assert variables["hostname"] == "HOMEDOT_HOSTNAME"
    assert all(leaf.doc.endswith(".") for leaf in leaves())


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().hostname = "other.home.arpa"  # type: ignore[misc]


class Mistaken:
    """mypy refuses each of these: where it would not, it complains of an ignore that is not needed."""

    of_another_type: int = setting("a.b", values.hostname, "A text.")  # type: ignore[assignment]
    of_many: tuple[int, ...] = setting("a.b", values.sequence(values.hostname), "Texts.")  # type: ignore[arg-type]
    not_set: Path = setting(None, values.path, "A path, or none.")  # type: ignore[assignment]


def test_a_setting_is_what_its_parser_returns_and_mypy_checks_the_type_beside_it() -> None:
    found = [vars(Mistaken)[name].default for name in Mistaken.__annotations__]
    assert found == ["a.b", ("a.b",), None]


@pytest.mark.parametrize(
    ("address", "is_home"),
    [
        ("192.168.1.7", True),
        ("10.1.2.3", True),
        ("fd00::7", True),
        ("::1", True),
        ("8.8.8.8", False),
        ("2001:db8::1", False),
    ],
)
def test_by_default_only_a_home_is_answered(address: str, *, is_home: bool) -> None:
    assert any(ip_address(address) in network for network in Settings().dot.allow_from) is is_home
    assert Settings().dot.allow_from == Settings().plain.allow_from
    assert HOME_NETWORKS.count(",") == len(Settings().dot.allow_from) - 1


@pytest.mark.parametrize("leaf", list(leaves()), ids=lambda leaf: str(leaf.name))
def test_every_setting_is_used(leaf: Leaf) -> None:
    used = rf"\.{leaf.name.rpartition('.')[2]}\b"
    assert any(re.search(used, text) for text in USING)
