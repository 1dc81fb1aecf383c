import logging
import socket
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.config.settings import Settings
from app.networks import HEALTH_CHECK
from app.onboarding.enrolment import Enrolment
from app.programs import paths
from app.programs.own_addresses import OwnAddresses

BOX = Enrolment(
    hostname="dns.home.arpa",
    addresses=(ip_address("192.168.1.10"), ip_address("fd00::10")),
    dot_port=853,
    plain_port=None,
    web_port=8853,
    root_pem=None,
    root_sha256=None,
    spki_pin="",
    not_after=datetime(2099, 1, 2, 12, tzinfo=UTC),
    resolver="recursive",
    resolver_reason="",
)


@pytest.fixture
def own(tmp_path: Path) -> OwnAddresses:
    settings = Settings(run_dir=tmp_path)
    paths.enrolment(settings).parent.mkdir()
    paths.enrolment(settings).write_text(BOX.to_json())
    return OwnAddresses(settings)


def test_nothing_is_lacking_while_every_address_is_bound(own: OwnAddresses) -> None:
    assert not own.lacks(["192.0.2.1"])


def test_an_address_that_was_not_there_is_lacking(own: OwnAddresses) -> None:
    assert own() == [*map(str, BOX.addresses), HEALTH_CHECK]
    assert not own.lacks(BOX.addresses)
    assert own.lacks([*BOX.addresses, "192.0.2.1"])


def test_before_a_start_there_are_none(tmp_path: Path) -> None:
    own = OwnAddresses(Settings(run_dir=tmp_path))
    assert own() == []
    assert not own.lacks(["192.0.2.1"])


def test_only_a_port_that_is_bound_on_some_addresses_is_told(
    own: OwnAddresses, caplog: pytest.LogCaptureFixture
) -> None:
    own()
    caplog.set_level(logging.WARNING)
    with socket.create_server(("127.0.0.1", 0)) as some, socket.create_server(("", 0)) as every:
        own.tell("plain.port", every.getsockname()[1], [every])
        assert caplog.messages == []
        own.tell("web.port", some.getsockname()[1], [some])
    assert caplog.messages[0].endswith("by another program: the setup page is answered on 127.0.0.1 alone")
