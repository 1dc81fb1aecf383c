import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from app.errors import UpstreamError
from app.unbound.control import asks_impostors, forget_bogus, silent


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


LOOKUP = b"""The following name servers are used for lookup of .
forwarding request:
Delegation with 0 names, of which 0 can be examined to query further addresses.
It provides 2 IP addresses.
192.0.2.1       \trto 86 msec, ttl 15, ping 6 var 20 rtt 86, tA 0, tAAAA 0, tother 0, EDNS 0 assumed.
192.0.2.2       \t%s
"""


@pytest.mark.parametrize(
    ("says", "is_silent"),
    [
        (b"rto 752 msec, ttl 15, ping 0 var 94 rtt 376, tA 0, tAAAA 0, tother 2, EDNS 0 assumed.", [True]),
        (b"rto 752 msec, ttl 15, ping 0 var 94 rtt 376, tA 1, tAAAA 0, tother 0, EDNS 0 assumed.", [True]),
        (b"rto 96 msec, ttl 8, ping 0 var 24 rtt 96, tA 0, tAAAA 0, tother 0, EDNS 0 probed.", [False]),
        (b"expired, rto 32767 msec, tA 0 tAAAA 0 tother 2.", [False]),
        (b"not in infra cache.", [False]),
    ],
)
def test_it_knows_to_whom_its_questions_are_lost(tmp_path: Path, says: bytes, is_silent: list[bool]) -> None:
    with saying(tmp_path / "control", LOOKUP % says) as told:
        assert [silent(tmp_path / "control")] == is_silent
    assert told == [b"UBCT1 lookup .\n"]


SERVER = b"192.0.2.%d example. ttl 15 ping 0 var 3 rtt 50 rto 50 tA 0 tAAAA 0 tother 0 ednsknown 1 edns 0 delay 0 lame \
dnssec 0 rec %d A 0 other 0\n"
OLD = b"192.0.2.9 example. expired rto 32764\n"


@pytest.mark.parametrize(
    ("recursing", "are_impostors"),
    [([1, 1, 0], [True]), ([1, 0, 0], [False]), ([1], [False]), ([1, 1], [True]), ([], [False]), ([1, 0], [False])],
)
def test_it_knows_whether_servers_answer_as_resolvers_do(
    tmp_path: Path, recursing: list[int], are_impostors: list[bool]
) -> None:
    said = OLD * 5 + b"".join(SERVER % (number, each) for number, each in enumerate(recursing))
    with saying(tmp_path / "control", said) as told:
        assert [asks_impostors(tmp_path / "control")] == are_impostors
    assert told == [b"UBCT1 dump_infra\n"]
