"""Against Knot DNS, which is not ours."""

import socket
import threading
from collections.abc import Callable, Iterator

import dns.message
import dns.query
import dns.rdatatype
import pytest

from app.errors import PublicNameError
from app.publicname.rfc2136 import NameServer
from tests.appliance import free_ports
from tests.fakes.knot import Knot, knot

NAME = "box.home.example.org"
CHALLENGE = f"_acme-challenge.{NAME}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knot]:
    (port,) = free_ports(1)
    with knot(tmp_path_factory.mktemp("knot"), "example.org", "127.0.0.1", port) as running:
        yield running


def shown(server: Knot, name: str, kind: str) -> set[str]:
    answer = dns.query.udp(dns.message.make_query(name, kind), server.address, 5, server.port)
    return {
        record.to_text().strip('"')
        for rrset in answer.answer
        if rrset.rdtype == dns.rdatatype.from_text(kind)
        for record in rrset
    }


@pytest.mark.server
def test_texts_come_and_go_and_what_stood_there_before_goes_first(server: Knot) -> None:
    before = NameServer(NAME, server.token, server.server)
    before.set_text(CHALLENGE, "left-over")
    ours = NameServer(NAME, server.token, server.server)
    ours.check()
    ours.set_text(CHALLENGE, "one")
    ours.set_text(CHALLENGE, "two")
    assert shown(server, CHALLENGE, "TXT") == {"one", "two"}
    ours.remove_text(CHALLENGE, "one")
    assert shown(server, CHALLENGE, "TXT") == {"two"}
    ours.remove_text(CHALLENGE, "two")
    assert shown(server, CHALLENGE, "TXT") == set()


@pytest.mark.server
def test_addresses_are_those_and_no_others(server: Knot) -> None:
    ours = NameServer(NAME, server.token, server.server)
    ours.set_addresses(["192.168.1.10", "192.168.1.11", "fd00::10"])
    ours.set_addresses(["192.168.1.11", "fd00::11"])
    assert (shown(server, NAME, "A"), shown(server, NAME, "AAAA")) == ({"192.168.1.11"}, {"fd00::11"})
    ours.set_addresses([])
    assert shown(server, NAME, "A") == set()


@pytest.mark.server
@pytest.mark.parametrize("token", ["homedot:AAAAAAAAAAAAAAAAAAAAAAAA", "other:AAAAAAAAAAAAAAAAAAAAAAAA"])
def test_a_key_that_may_not_is_for_the_operator(server: Knot, token: str) -> None:
    with pytest.raises(PublicNameError, match=r"let the key of public\.token update that zone") as caught:
        NameServer(NAME, token, server.server).set_text(CHALLENGE, "one")
    assert caught.value.is_of_settings
    assert shown(server, CHALLENGE, "TXT") == set()


@pytest.mark.server
def test_a_zone_that_it_does_not_serve_is_for_the_operator(server: Knot) -> None:
    with pytest.raises(PublicNameError) as caught:
        NameServer("box.example.net", server.token, server.server).check()
    assert caught.value.is_of_settings


def test_a_key_that_is_none_is_for_the_operator() -> None:
    with pytest.raises(PublicNameError, match="NAME:SECRET") as caught:
        NameServer(NAME, "key:AAA", "127.0.0.1@53")
    assert caught.value.is_of_settings


def closes(_: socket.socket) -> None:
    pass


def talks_nonsense(connection: socket.socket) -> None:
    connection.sendall(b"\x00\x05hello")


@pytest.mark.parametrize("answer", [closes, talks_nonsense])
def test_what_is_no_name_server_passes(answer: Callable[[socket.socket], None]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65535)
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        with pytest.raises(PublicNameError, match="it is tried again") as caught:
            NameServer(NAME, "key:AAAA", f"127.0.0.1@{port}").check()
        thread.join()
    assert not caught.value.is_of_settings


def test_one_that_is_not_there_passes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(PublicNameError, match="cannot be reached") as caught:
        NameServer(NAME, "key:AAAA", f"127.0.0.1@{port}").check()
    assert not caught.value.is_of_settings
