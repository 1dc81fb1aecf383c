import logging
import ssl
import subprocess
import weakref
from pathlib import Path

import pytest

from app.dot.certificate import Certificate
from app.dot.counters import Counters
from app.dot.tickets import WEEK_S, TicketKeys
from app.dot.tls import TlsSession, bare_context, server_context
from tests.dot.test_tls import VERSIONS, Client
from tests.fakes.clock import Clock


class Returning:
    """A client that comes back with the ticket that it got last."""

    def __init__(self, version: ssl.TLSVersion) -> None:
        self._client = Client(["dot"], version)
        self._session: ssl.SSLSession | None = None

    def is_resumed(self, server: TlsSession) -> bool:
        """Connect once, which must go well either way."""
        self._client.connect(self._session)
        self._client.handshake(server)
        self._client.incoming.write(server.send(b"with the ticket"))
        assert self._client.read() == b"with the ticket"
        self._session = self._client.tls.session
        return server.is_resumed


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("ahead", [0, 3], ids=["one worker", "several"])
def test_a_ticket_is_good_until_the_week_is_over(pair: Path, version: ssl.TLSVersion, ahead: int) -> None:
    clock, context, client = Clock(), server_context(pair), Returning(version)
    keys = TicketKeys(clock, ahead)
    assert not client.is_resumed(TlsSession(context, keys.context))
    for _ in range(2):
        clock.now_s += WEEK_S - 1
        keys.refresh()
        assert client.is_resumed(TlsSession(context, keys.context))
        clock.now_s += 1
        keys.refresh()
        assert not client.is_resumed(TlsSession(context, keys.context))
        assert client.is_resumed(TlsSession(context, keys.context))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_handshake_that_began_in_the_old_week_ends_well(pair: Path, version: ssl.TLSVersion) -> None:
    clock, context, client = Clock(), server_context(pair), Returning(version)
    keys = TicketKeys(clock)
    client.is_resumed(TlsSession(context, keys.context))
    late = TlsSession(context, keys.context)
    clock.now_s += WEEK_S
    keys.refresh()
    assert client.is_resumed(late)


def test_whoever_sleeps_through_weeks_has_the_keys_of_whoever_did_not() -> None:
    clock = Clock()
    keys = TicketKeys(clock, ahead=4)
    made = list(keys._ahead)
    clock.now_s += WEEK_S
    keys.refresh()
    assert keys.context is made[0]
    clock.now_s += 3 * WEEK_S
    keys.refresh()
    assert keys.context is made[3]


def test_keys_of_a_week_that_is_over_are_gone() -> None:
    clock = Clock()
    keys = TicketKeys(clock, ahead=4)
    over = [weakref.ref(context) for context in (keys.context, *keys._ahead[:2])]
    clock.now_s += 3 * WEEK_S
    keys.refresh()
    assert [context() for context in over] == [None] * 3


def test_when_the_shared_keys_are_used_up_it_is_told_once_and_keys_are_renewed_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    keys = TicketKeys(clock, ahead=2)
    seen = {keys.context}
    with caplog.at_level(logging.INFO):
        for week in range(1, 6):
            clock.now_s += WEEK_S
            keys.refresh()
            seen.add(keys.context)
            assert ("restart Homedot" in caplog.text) is (week > 2)
    assert len(seen) == 6
    assert len(caplog.records) == 1


def test_one_worker_has_nothing_to_tell(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    keys = TicketKeys(clock)
    clock.now_s += 200 * WEEK_S
    keys.refresh()
    assert not caplog.records


@pytest.mark.parametrize("version", VERSIONS)
def test_a_ticket_outlives_a_key_of_another_kind(pair: Path, tmp_path: Path, version: ssl.TLSVersion) -> None:
    certificate, keys, client = Certificate(pair), bare_context(), Returning(version)
    client.is_resumed(TlsSession(certificate.context, keys))
    command = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=rsa -keyout key -out cert"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    pair.write_text((tmp_path / "key").read_text() + (tmp_path / "cert").read_text())
    certificate.refresh(Counters().row(0))
    assert client.is_resumed(TlsSession(certificate.context, keys))
    fresh, server = Client(["dot"], version), TlsSession(certificate.context, keys)
    fresh.handshake(server)
    assert b"rsa" in (fresh.tls.getpeercert(binary_form=True) or b"")
