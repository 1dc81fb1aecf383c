"""Somebody is told of news."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.config.receiver import receiver
from app.config.settings import Notify, Settings
from app.errors import OperatorError
from app.programs import notify
from app.programs.notice import News
from tests.appliance import free_ports

SENTENCE = "Answers, but the internet cannot be reached, since 11:00"


@contextmanager
def receiving(status: int = 200, location: str = "") -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Its address, and what it was told: path, title, body."""
    told: list[tuple[str, str, str]] = []
    came = threading.Event()

    class Receiving(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            told.append((self.path, self.headers["Title"], body))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.end_headers()
            came.set()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiving) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/secret", told
            came.wait(10)
        finally:
            server.shutdown()


def test_it_gets_the_sentence_as_plain_text() -> None:
    with receiving() as (url, told):
        settings = Settings(notify=Notify(url=receiver(url)))
        notify.tell(settings, News(1, SENTENCE))
    assert told == [("/secret", "Homedot dns.home.arpa", SENTENCE)]


def test_a_receiver_that_hangs_holds_up_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        settings = Settings(notify=Notify(url=receiver(f"http://127.0.0.1:{hanging.getsockname()[1]}/")))
        begun_s = time.monotonic()
        notify.tell(settings, News(1, SENTENCE))
        assert time.monotonic() - begun_s < 1
        hanging.accept()[0].close()


def test_a_redirect_is_not_followed() -> None:
    with receiving() as (elsewhere, told_elsewhere), receiving(307, elsewhere) as (url, told):
        with pytest.raises(OperatorError, match="answers with status 307"):
            notify.send(Settings(), receiver(url), SENTENCE)
        assert len(told) == 1
        assert told_elsewhere == []
        notify.send(Settings(), receiver(elsewhere), SENTENCE)


@pytest.mark.parametrize("status", [404, 500])
def test_a_failure_is_told_without_the_secret(status: int) -> None:
    with receiving(status) as (url, _), pytest.raises(OperatorError) as error:
        notify.send(Settings(), receiver(url), SENTENCE)
    assert f"status {status}" in str(error.value)
    assert "secret" not in str(error.value)


def test_nobody_there_is_told_without_the_secret() -> None:
    with pytest.raises(OperatorError) as error:
        notify.send(Settings(), receiver(f"http://127.0.0.1:{free_ports(1)[0]}/secret"), SENTENCE)
    assert "Connection refused" in str(error.value)
    assert "secret" not in str(error.value)


def test_without_an_address_nobody_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    notify.tell(Settings(), News(1, SENTENCE))
    assert caplog.messages == []
