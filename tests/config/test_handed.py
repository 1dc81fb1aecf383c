"""Settings that are handed on are those that were read."""

import json
from pathlib import Path

import pytest

from app.config.handed import hand, take, where_set
from app.config.load import load
from app.config.settings import leaves


def test_what_was_given_in_any_form_arrives_as_it_was_meant(tmp_path: Path) -> None:
    own = tmp_path / "homedot.yaml"
    own.write_text(
        "hostname: dns.example.org\naddresses: [192.168.1.10, 'fd00::10']\n"
        "resolver:\n  routes:\n    fritz.box: [192.168.1.1, 192.168.1.2]\n"
        "local:\n  nas.home.arpa: 192.168.1.5\n"
    )
    loaded = load({"HOMEDOT_CONFIG": str(own), "HOMEDOT_DOT__WORKERS": "auto", "HOMEDOT_BLOCKING__ENABLED": "off"})
    assert take(hand(loaded)).settings == loaded.settings
    assert take(hand(loaded)).settings != load({}).settings


def test_every_default_arrives_when_it_is_given() -> None:
    given = {leaf.variable: str(leaf.default) for leaf in leaves() if leaf.default not in (None, "")}
    loaded = load(given)
    assert len(loaded.given) == len(given)
    assert take(hand(loaded)).settings == loaded.settings == load({}).settings


def test_a_file_that_is_not_there_any_more_is_no_fault(tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("")
    named = {f"HOMEDOT_TLS__{what}": str(tmp_path / name) for what, name in
             (("CERTIFICATE", "cert.pem"), ("KEY", "key.pem"))}  # fmt: skip
    content = hand(load(named))
    (tmp_path / "cert.pem").unlink()
    assert take(content).settings.tls.certificate == tmp_path / "cert.pem"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"nothing",
        json.dumps({"dot.port": "x"}).encode(),
        json.dumps({"given": {"dot.port": "x"}, "where": {}}).encode(),
        b'{"given": {}}',
    ],
)
def test_what_was_not_handed_on_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        take(content)


def test_where_each_setting_is_set_is_handed_on(tmp_path: Path) -> None:
    own = tmp_path / "homedot.yaml"
    own.write_text("blocking:\n  deny: [bad.example]\n")
    loaded = load({"HOMEDOT_CONFIG": str(own), "HOMEDOT_BLOCKING__ALLOW": "good.example"})
    where = {"blocking.deny": str(own), "blocking.allow": "HOMEDOT_BLOCKING__ALLOW"}
    assert where_set(loaded) == where_set(take(hand(loaded))) == where
