import re
import ssl
from pathlib import Path

import pytest

from app.dot.tls import TlsSession, server_context
from app.errors import OperatorError, PeerError
from tests.fakes.pair import NAME, write_pair

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
ALERT_120 = bytes.fromhex("15030300020278")


class Client:
    """Python's own TLS client over memory BIOs."""

    def __init__(
        self,
        offer: list[str] | None = None,
        version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
        name: str = NAME,
    ) -> None:
        self.name = name
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.context.minimum_version = self.context.maximum_version = version
        if offer:
            self.context.set_alpn_protocols(offer)
        self.connect()

    def connect(self, resume: ssl.SSLSession | None = None) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = self.context.wrap_bio(self.incoming, self.outgoing, server_hostname=self.name, session=resume)

    def handshake(self, server: TlsSession, piece: int = 65536) -> bytes:
        """Run the handshake, sending pieces of at most `piece` octets. Returns what the server wrote last."""
        output = b""
        for _ in range(4):
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            else:
                flight = self.outgoing.read()
                if flight:
                    server.receive(flight)
                    self.incoming.write(server.take_output())
                return output
            flight = self.outgoing.read()
            for at in range(0, len(flight), piece):
                try:
                    server.receive(flight[at : at + piece])
                finally:
                    output = server.take_output() or output
            self.incoming.write(output)
        raise AssertionError("the handshake does not end")

    def read(self) -> bytes:
        return self.tls.read(65536)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return server_context(write_pair(tmp_path_factory.mktemp("tls") / "pair.pem"))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("offer", [["dot"], ["h2", "dot"], None])
@pytest.mark.parametrize("piece", [1, 65536])
def test_lets_in_a_client_that_offers_dot_or_nothing(
    context: ssl.SSLContext, version: ssl.TLSVersion, offer: list[str] | None, piece: int
) -> None:
    client, server = Client(offer, version), TlsSession(context)
    client.handshake(server, piece)
    assert server.established
    assert client.tls.selected_alpn_protocol() == ("dot" if offer else None)


def test_a_client_gets_one_ticket_for_its_next_connection(context: ssl.SSLContext) -> None:
    assert context.num_tickets == 1


def test_a_handshake_on_its_way_is_no_tls_yet(context: ssl.SSLContext) -> None:
    client, server = Client(["dot"]), TlsSession(context)
    assert server.describe() == "no TLS"
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.do_handshake()
    server.receive(client.outgoing.read())
    assert server.has_output
    assert server.describe() == "no TLS"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("piece", [1, 65536])
def test_refuses_client_that_offers_only_h2(context: ssl.SSLContext, version: ssl.TLSVersion, piece: int) -> None:
    client, server = Client(["h2"], version), TlsSession(context)
    with pytest.raises(PeerError, match="offers h2, not dot"):
        client.handshake(server, piece)
    client.incoming.write(ALERT_120)
    with pytest.raises(ssl.SSLError, match=re.compile("no.application.protocol", re.IGNORECASE)):
        client.tls.do_handshake()
    assert not server.established


def test_the_refusal_is_the_alert_no_application_protocol_and_nothing_else(context: ssl.SSLContext) -> None:
    server = TlsSession(context)
    client = Client(["h2"])
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.do_handshake()
    with pytest.raises(PeerError):
        server.receive(client.outgoing.read())
    assert server.take_output() == ALERT_120


def test_what_a_refused_client_offers_is_told_in_few_and_printable_letters(context: ssl.SSLContext) -> None:
    client = Client(["\x1b[2J", "x" * 255, "\n", "h2", "h3", "http/1.1"])
    with pytest.raises(PeerError) as refused:
        client.handshake(TlsSession(context))
    assert str(refused.value) == f"ALPN: offers \ufffd[2J, {'x' * 20}, \ufffd, h2 and 2 more, not dot"


@pytest.mark.parametrize("version", VERSIONS)
def test_refuses_a_resumed_session_that_offers_only_h2(context: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    client, server = Client(["dot"], version), TlsSession(context)
    client.handshake(server)
    client.incoming.write(server.send(b"answer"))
    assert client.read() == b"answer"
    client.connect(client.tls.session)
    again = TlsSession(context)
    client.handshake(again)
    assert "resumed" in again.describe()
    assert again.how() == {**server.how(), "resumed": True}
    client.context.set_alpn_protocols(["h2"])
    client.connect(client.tls.session)
    with pytest.raises(PeerError):
        client.handshake(TlsSession(context))


@pytest.mark.parametrize("octets", [b"\0\x1d" + bytes(29), b"GET / HTTP/1.1\r\n\r\n"])
def test_c2_answers_what_is_not_tls_with_an_alert_only(context: ssl.SSLContext, octets: bytes) -> None:
    server = TlsSession(context)
    with pytest.raises(PeerError):
        server.receive(octets)
    output = server.take_output()
    assert output[0] == 21
    assert len(output) == 7


def test_refuses_tls_1_1_with_an_alert(context: ssl.SSLContext) -> None:
    body = b"\3\2" + bytes(32) + b"\0" + b"\0\2\xc0\x09" + b"\1\0"
    flight = b"\x16\3\1" + (len(body) + 4).to_bytes(2, "big") + b"\1" + len(body).to_bytes(3, "big") + body
    server = TlsSession(context)
    with pytest.raises(PeerError):
        server.receive(flight)
    assert server.take_output()[-2:] == b"\2\x46"  # protocol_version(70)


@pytest.mark.parametrize("version", VERSIONS)
def test_plaintext_goes_through_both_ways_however_it_is_cut(context: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    client, server = Client(["dot"], version), TlsSession(context)
    client.handshake(server)
    sent = bytes(range(256)) * 400
    client.tls.write(sent)
    ciphertext = client.outgoing.read()
    received = b"".join(server.receive(ciphertext[at : at + 1000]) for at in range(0, len(ciphertext), 1000))
    assert received == sent
    client.incoming.write(server.send(sent))
    back = b""
    while len(back) < len(sent):
        back += client.read()
    assert back == sent


def test_notices_close_notify_and_sends_its_own(context: ssl.SSLContext) -> None:
    client, server = Client(), TlsSession(context)
    client.handshake(server)
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    assert server.receive(client.outgoing.read()) == b""
    assert server.peer_closed
    client.incoming.write(server.close())
    client.tls.unwrap()


@pytest.mark.parametrize("octets", [1, 959, 960, 961, 1919, 1920, 1921, 16384, 16385])
def test_nothing_of_a_record_is_left_for_later(context: ssl.SSLContext, octets: int) -> None:
    client, server = Client(), TlsSession(context)
    client.handshake(server)
    for sent in (bytes([octets % 251]) * octets, b"next"):
        client.tls.write(sent)
        assert server.receive(client.outgoing.read()) == sent


def test_there_is_output_only_where_there_is(context: ssl.SSLContext) -> None:
    client, server = Client(), TlsSession(context)
    assert (server.has_output, server.take_output()) == (False, b"")
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.do_handshake()
    assert server.receive(client.outgoing.read()) == b""
    assert server.has_output


def test_a_session_is_never_negotiated_anew(context: ssl.SSLContext) -> None:
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.options & ssl.OP_NO_COMPRESSION
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_octets_that_do_not_decrypt_end_the_session(context: ssl.SSLContext) -> None:
    client, server = Client(), TlsSession(context)
    client.handshake(server)
    with pytest.raises(PeerError):
        server.receive(b"\x17\3\3\0\x20" + bytes(32))


def test_offers_only_ecdhe_with_aead(context: ssl.SSLContext) -> None:
    for cipher in context.get_ciphers():
        assert cipher["aead"], cipher["name"]
        assert cipher["protocol"] == "TLSv1.3" or cipher["name"].startswith("ECDHE"), cipher["name"]


def test_a_key_that_is_not_the_certificates_is_refused(tmp_path: Path) -> None:
    pair = write_pair(tmp_path / "pair.pem")
    key = pair.read_text().split("-----BEGIN CERT")[0]
    certificate = write_pair(tmp_path / "other.pem").read_text().split("PRIVATE KEY-----\n")[-1]
    pair.write_text(key + certificate)
    with pytest.raises(OperatorError, match=str(pair)):
        server_context(pair)


def test_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"pair\.pem"):
        server_context(tmp_path / "pair.pem")


@pytest.mark.parametrize(("version", "name"), [(VERSIONS[0], "TLSv1.2"), (VERSIONS[1], "TLSv1.3")])
@pytest.mark.parametrize("protocols", [["dot"], []])
def test_tells_how_the_session_came_about(
    context: ssl.SSLContext, version: ssl.TLSVersion, name: str, protocols: list[str]
) -> None:
    client, server = Client(protocols, version), TlsSession(context)
    assert server.how() == {"transport": "tls"}
    client.handshake(server)
    cipher = client.tls.cipher()
    assert cipher is not None
    alpn = protocols[0] if protocols else None
    assert server.how() == {"transport": "tls", "version": name, "cipher": cipher[0], "alpn": alpn, "resumed": False}
    assert server.describe() == f"{name}, ALPN {alpn or 'none'}, new session"


def test_refuses_a_key_exchange_in_a_finite_field_before_it_costs_anything(context: ssl.SSLContext) -> None:
    groups = b"\0\x0a\0\4\0\2\1\4"  # ffdhe8192 alone
    body = b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + len(groups).to_bytes(2, "big") + groups
    server = TlsSession(context)
    with pytest.raises(PeerError, match="no key exchange over a curve"):
        server.receive(b"\x16\3\1" + (len(body) + 4).to_bytes(2, "big") + b"\1" + len(body).to_bytes(3, "big") + body)
    assert server.take_output() == bytes.fromhex("15 0303 0002 02 28")
