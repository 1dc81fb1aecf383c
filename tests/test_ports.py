import errno
import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from app.errors import OperatorError
from app.ports import bound_sockets, free_on_loopback, reserved

KINDS = [socket.SOCK_STREAM, socket.SOCK_DGRAM]


def close(sockets: list[socket.socket]) -> None:
    for bound in sockets:
        bound.close()


@pytest.mark.parametrize("kind", KINDS)
def test_both_families_are_bound_to_the_port_that_the_kernel_chose(kind: socket.SocketKind) -> None:
    sockets = bound_sockets(0, "dot.port", kind)
    assert len({bound.getsockname()[1] for bound in sockets}) == 1
    assert [(bound.family, bound.type, bound.gettimeout()) for bound in sockets] == [
        (socket.AF_INET, kind, 0),
        (socket.AF_INET6, kind, 0),
    ]
    close(sockets)


def test_c1_names_the_setting_when_the_port_is_taken_and_keeps_no_socket() -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OperatorError, match=rf"^web\.port: {port} is taken by another program .*: stop it"):
            bound_sockets(port, "web.port")
        socket.create_server(("127.0.0.1", port)).close()  # the one for IPv4 is free again


@pytest.mark.parametrize("kind", KINDS)
def test_beside_somebody_who_has_the_port_of_one_address_others_are_bound(kind: socket.SocketKind) -> None:
    with socket.socket(type=kind) as other:
        other.bind(("127.0.0.5", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        port = other.getsockname()[1]
        found = bound_sockets(port, "plain.port", kind, instead=lambda: ["127.0.0.6", "203.0.113.1"])
        assert [bound.getsockname()[0] for bound in found] == ["127.0.0.6", "127.0.0.1", "::"]
        close(found)
        with pytest.raises(OperatorError, match=rf"^plain\.port: {port} is taken by .*: it has 127\.0\.0\.5 \("):
            bound_sockets(port, "plain.port", kind, instead=lambda: ["127.0.0.6", "127.0.0.5"])
        with pytest.raises(OperatorError, match="is taken"):
            bound_sockets(port, "plain.port", kind, instead=list)
        close(bound_sockets(port, "plain.port", kind, instead=lambda: ["127.0.0.6"]))


def test_a_port_can_be_bound_again_at_once_after_a_connection() -> None:
    first = bound_sockets(0, "dot.port")
    port = first[0].getsockname()[1]
    first[0].listen()
    with socket.create_connection(("127.0.0.1", port)):
        first[0].setblocking(True)
        first[0].accept()[0].close()  # which leaves the port in TIME_WAIT
        close(first)
    close(bound_sockets(port, "dot.port"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shared", [False, True])
def test_our_own_workers_may_share_a_port_and_no_other_homedot(kind: socket.SocketKind, *, shared: bool) -> None:
    first = bound_sockets(0, "dot.port", kind, shared=True)
    port = first[0].getsockname()[1]
    second = bound_sockets(port, "dot.port", kind, shared=True, joins=True)
    with pytest.raises(OperatorError, match="is taken"):
        bound_sockets(port, "dot.port", kind, shared=shared)
    close(first)
    close(second)


def test_connections_are_spread_over_the_workers() -> None:
    first = bound_sockets(0, "dot.port", shared=True)
    port = first[0].getsockname()[1]
    second = bound_sockets(port, "dot.port", shared=True, joins=True)
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(64)]
    came = [0, 0]
    for number, listening in enumerate((first[0], second[0])):
        with suppress(BlockingIOError):
            while True:
                listening.accept()[0].close()
                came[number] += 1
    assert sum(came) == 64
    assert min(came) > 10
    close([*clients, *first, *second])


def test_of_two_that_begin_at_once_the_second_is_told() -> None:
    """Both say SO_REUSEADDR, and so both could bind as long as nobody listens."""
    first = bound_sockets(0, "web.port")
    with pytest.raises(OperatorError, match=r"^web\.port: \d+ is taken"):
        bound_sockets(first[0].getsockname()[1], "web.port")
    close(first)


def test_options_are_set_before_the_port_is_bound() -> None:
    sockets = bound_sockets(0, "dot.port", options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)])
    assert all(bound.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for bound in sockets)
    close(sockets)


def test_without_ipv6_there_is_ipv4_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket

    def without_ipv6(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "no IPv6")
        return real(family, kind)

    monkeypatch.setattr(socket, "socket", without_ipv6)
    (bound,) = bound_sockets(0, "dot.port")
    assert bound.family == socket.AF_INET
    bound.close()


def test_says_what_is_wrong_in_the_systems_words_otherwise() -> None:
    with pytest.raises(OperatorError, match=r"^dot\.port: cannot listen on 1: .+"):
        bound_sockets(1, "dot.port", options=[(socket.SOL_SOCKET, -1, 1)])


# --- a reserved port ---------------------------------------------------------------------------------------------

ANY_BIND = """
import itertools, os, socket, sys
port, uid = int(sys.argv[1]), int(sys.argv[2])
os.setgroups([])
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
WAYS = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"),
        (socket.AF_INET6, "::ffff:127.0.0.1")]
OPTIONS = [socket.SO_REUSEADDR, socket.SO_REUSEPORT, socket.SO_BINDTODEVICE]
for kind, (family, address), chosen in itertools.product(
    [socket.SOCK_DGRAM, socket.SOCK_STREAM], WAYS, itertools.product([False, True], repeat=3)
):
    with socket.socket(family, kind) as thief:
        try:
            for option, is_chosen in zip(OPTIONS, chosen):
                if is_chosen:
                    thief.setsockopt(socket.SOL_SOCKET, option, b"lo" if option == socket.SO_BINDTODEVICE else 1)
            thief.bind((address, port))
            if kind == socket.SOCK_STREAM:
                thief.listen()
        except OSError:
            continue
    print(kind.name, address, chosen)
"""


def bound_by(uid: int, port: int) -> list[str]:
    """The ways in which a program of that user can have `port` of 127.0.0.1."""
    done = subprocess.run(
        [sys.executable, "-c", ANY_BIND, str(port), str(uid)], capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout.splitlines()


@pytest.fixture
def port() -> int:
    return free_on_loopback(())


@pytest.fixture
def reservation(port: int) -> Iterator[tuple[socket.socket, socket.socket]]:
    """For the user `unbound`."""
    held = reserved(port, "resolver.port", UNBOUND)
    yield held
    for bound in held:
        bound.close()


UNBOUND = pwd.getpwnam("unbound").pw_uid
STRANGERS = [0, pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("homedot-web").pw_uid]


@pytest.mark.server
@pytest.mark.parametrize("uid", STRANGERS)
def test_no_other_user_can_have_a_reserved_port_in_any_way(
    port: int, reservation: tuple[socket.socket, socket.socket], uid: int
) -> None:
    assert bound_by(uid, port) == []


@pytest.mark.server
@pytest.mark.parametrize("uid", STRANGERS)
def test_no_other_user_can_have_it_beside_the_program_that_it_is_for(
    port: int, reservation: tuple[socket.socket, socket.socket], uid: int
) -> None:
    with meant(socket.SOCK_DGRAM, port), meant(socket.SOCK_STREAM, port):
        assert bound_by(uid, port) == []


def meant(kind: socket.SocketKind, port: int) -> socket.socket:
    """A socket of the user `unbound`, with the options that unbound sets."""
    os.seteuid(UNBOUND)
    bound = socket.socket(socket.AF_INET, kind)
    os.seteuid(0)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        bound.setsockopt(socket.SOL_SOCKET, option, 1)
    bound.bind(("127.0.0.1", port))
    if kind == socket.SOCK_STREAM:
        bound.listen()
    return bound


@pytest.mark.server
def test_what_is_sent_to_a_reserved_port_comes_to_the_program_that_it_is_for(
    port: int, reservation: tuple[socket.socket, socket.socket]
) -> None:
    for _ in range(2):  # as when it is started anew
        with meant(socket.SOCK_DGRAM, port) as bound:
            for number in range(200):
                with socket.socket(type=socket.SOCK_DGRAM) as sender:
                    sender.sendto(str(number).encode(), ("127.0.0.1", port))
                assert bound.recv(9, socket.MSG_DONTWAIT) == str(number).encode()


def test_while_nobody_is_there_a_sender_is_refused(port: int) -> None:
    held = reserved(port, "resolver.port", None)
    with socket.socket(type=socket.SOCK_DGRAM) as sender, socket.socket() as caller:
        sender.connect(("127.0.0.1", port))
        sender.send(b"anybody?")
        with pytest.raises(ConnectionRefusedError):
            sender.recv(9, socket.MSG_DONTWAIT)
        with pytest.raises(ConnectionRefusedError):
            caller.connect(("127.0.0.1", port))
    for bound in held:
        bound.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_port_that_somebody_has_cannot_be_reserved(kind: socket.SocketKind, address: str) -> None:
    with socket.socket(socket.AF_INET, kind) as first:
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            first.setsockopt(socket.SOL_SOCKET, option, 1)
        first.bind((address, 0))
        if kind == socket.SOCK_STREAM:
            first.listen()
        port = first.getsockname()[1]
        with pytest.raises(OperatorError, match=rf"^resolver\.port: {port} is taken by another program .*: stop it"):
            reserved(port, "resolver.port", None)


def test_two_cannot_reserve_the_same_port(port: int) -> None:
    held = reserved(port, "resolver.port", None)
    with pytest.raises(OperatorError, match="is taken"):
        reserved(port, "resolver.port", None)
    for bound in held:
        bound.close()


def test_a_port_can_be_reserved_again_at_once_after_a_connection(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as listening, socket.create_connection(("127.0.0.1", port)):
        listening.accept()[0].close()  # which leaves the port in TIME_WAIT
    for bound in reserved(port, "resolver.port", None):
        bound.close()


def test_a_free_port_is_another_than_those_that_are_spoken_for() -> None:
    spoken_for = set(range(65536))
    with pytest.raises(OperatorError, match="no free port"):
        free_on_loopback(spoken_for)
    assert free_on_loopback(()) > 0
