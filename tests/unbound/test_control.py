import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from app.errors import UpstreamError
from app.unbound.control import forget_bogus


@contextmanager
def saying(path: Path, answer: bytes) -> Iterator[list[bytes]]:
    """What stands for unbound at `path`, and what it was told."""
    told: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                told.append(connection.recv(100))
                connection.sendall(answer)

        server = Thread(target=serve)
        server.start()
        yield told
        server.join()


def test_it_is_told_to_forget_what_is_bogus(tmp_path: Path) -> None:
    with saying(tmp_path / "control", b"ok removed 1 rrsets, 2 messages and 1 key entries\n") as told:
        forget_bogus(tmp_path / "control")
    assert told == [b"UBCT1 flush_bogus\n"]


@pytest.mark.parametrize("answer", [b"error unknown command 'flush_bogus'\n", b""])
def test_another_answer_is_told(tmp_path: Path, answer: bytes) -> None:
    with saying(tmp_path / "control", answer), pytest.raises(UpstreamError, match="does not forget"):
        forget_bogus(tmp_path / "control")


def test_where_nobody_hears_nothing_can_be_forgotten(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        forget_bogus(tmp_path / "control")
