import errno
import socket

import pytest

from app.errors import OperatorError
from app.ports import bound_sockets

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


def test_a_port_can_be_bound_again_at_once_after_a_connection() -> None:
    first = bound_sockets(0, "dot.port")
    port = first[0].getsockname()[1]
    first[0].listen()
    with socket.create_connection(("127.0.0.1", port)):
        first[0].setblocking(True)
        first[0].accept()[0].close()  # which leaves the port in TIME_WAIT
        close(first)
    close(bound_sockets(port, "dot.port"))


def test_our_own_workers_may_share_a_port_and_nobody_else() -> None:
    first = bound_sockets(0, "dot.port", shared=True)
    port = first[0].getsockname()[1]
    close(bound_sockets(port, "dot.port", shared=True))
    for bound in first:
        bound.listen()
    with pytest.raises(OperatorError, match="is taken"):
        bound_sockets(port, "dot.port", socket.SOCK_STREAM)
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
