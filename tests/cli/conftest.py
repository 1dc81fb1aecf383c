"""Installations that are not well."""

import socket
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.config.settings import Resolver, Settings
from app.programs import bootstrap
from app.unbound.reach import ROOT_ANSWERED
from tests.programs.conftest import folder, one_user

__all__ = ["folder", "nobody_listens", "one_user", "prepared"]

from app.config.load import load
from app.onboarding.enrolment import Enrolment
from app.programs import paths


@pytest.fixture
def nobody_listens(tmp_path: Path) -> dict[str, str]:
    """An installation that was started once, on a port that is closed now."""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    environment = {"HOMEDOT_RUN_DIR": str(tmp_path), "HOMEDOT_DOT__PORT": str(port)}
    enrolment = Enrolment(
        hostname="dns.home.arpa",
        addresses=(ip_address("127.0.0.1"),),
        dot_port=port,
        plain_port=None,
        web_port=None,
        root_pem=None,
        root_sha256=None,
        spki_pin="pin=",
        not_after=datetime(2099, 1, 2, tzinfo=UTC),
        resolver="recursive",
        resolver_reason=ROOT_ANSWERED,
    )
    path = paths.enrolment(load(environment).settings)
    path.parent.mkdir()
    path.write_text(enrolment.to_json())
    return environment


@pytest.fixture
def prepared(tmp_path: Path) -> Settings:
    """Those of a box that was started once."""
    made = Settings(
        data_dir=tmp_path / "data",
        run_dir=tmp_path / "run",
        addresses=(ip_address("192.168.1.10"),),
        resolver=Resolver(mode="recursive"),
    )
    bootstrap.run(made)
    return made
