"""How a list comes over the network: against a real server that does right, or wrong in one way."""

import gzip
import socket
import ssl
import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.values import IPAddress
from app.errors import ListBusyError, ListError
from app.lists.fetch import Deadlines, Response, Validators, fetch
from tests.fakes.list_server import Answer, ListServer, http
from tests.fakes.pki import Authority

LIST = b"ads.example.com\n"
NONE = Validators()
PUBLIC, PRIVATE = "9.9.9.9", "192.168.1.1"


class Loopback:
    """A network of its own: names have the addresses they are given, and every connection goes to 127.0.0.1."""

    def __init__(self, **addresses: Sequence[str]) -> None:
        self.names = {name.replace("_", "."): found for name, found in addresses.items()}
        self.connected: list[str] = []

    def addresses(self, host: str) -> Sequence[IPAddress]:
        return [ip_address(text) for text in self.names.get(host, [host])]

    def connect(self, address: IPAddress, port: int, timeout_s: float) -> socket.socket:
        self.connected.append(str(address))
        return socket.create_connection(("127.0.0.1", port), timeout_s)


def body(
    url: str,
    network: Loopback | None = None,
    tls: ssl.SSLContext | None = None,
    known: Validators = NONE,
    deadlines: Deadlines | None = None,
) -> tuple[bytes | None, Validators]:
    """Fetch it all: the octets, None if they have not changed, and the new validators."""
    network, tls = network or Loopback(), tls or ssl.create_default_context()
    with fetch(url, known, network, tls, deadlines) as response:
        assert isinstance(response, Response)
        return None if response.pieces is None else b"".join(response.pieces), response.validators


def refused(answer: Answer, fault: str, **more: object) -> None:
    with ListServer(answer) as server, pytest.raises(ListError, match=fault):
        body(server.url(), **more)  # type: ignore[arg-type]


def test_a_list_comes_with_its_validators() -> None:
    with ListServer(lambda _: http(LIST, 'ETag: "1"', "Last-Modified: Sat, 01 Aug 2026 00:00:00 GMT")) as server:
        known = Validators('"1"', "Sat, 01 Aug 2026 00:00:00 GMT")
        assert body(server.url("/a/list.txt?raw=1")) == (LIST, known)
        (head,) = server.requests
        assert head.startswith(b"GET /a/list.txt?raw=1 HTTP/1.1\r\n")
        assert f"\r\nHost: 127.0.0.1:{server.port}\r\n".encode() in head
        assert b"If-" not in head


def test_a_list_that_has_not_changed_is_not_sent_again() -> None:
    known = Validators('"1"', "Sat, 01 Aug 2026 00:00:00 GMT")
    with ListServer(lambda _: [b"HTTP/1.1 304 Not Modified\r\n\r\n"]) as server:
        assert body(server.url(), known=known) == (None, known)
        assert b'\r\nIf-None-Match: "1"\r\n' in server.requests[0]
        assert b"\r\nIf-Modified-Since: Sat, 01 Aug 2026 00:00:00 GMT\r\n" in server.requests[0]


def test_a_server_may_not_say_unchanged_to_one_who_has_nothing() -> None:
    refused(lambda _: [b"HTTP/1.1 304 Not Modified\r\n\r\n"], "304 Not Modified")


@pytest.mark.parametrize("value", ["x" * 1000, "\x1b[2J", "ü"])
def test_a_validator_that_cannot_be_sent_back_is_not_kept(value: str) -> None:
    with ListServer(lambda _: http(LIST, f"ETag: {value}")) as server:
        assert body(server.url()) == (LIST, NONE)


def test_pieces_of_any_kind_are_put_together() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nads.e\r\nb\r\nxample.com\n\r\n0\r\n\r\n"
    with ListServer(lambda _: [chunked]) as server:
        assert body(server.url())[0] == LIST
    with ListServer(lambda _: [b"HTTP/1.0 200 OK\r\n\r\n" + LIST]) as server:
        assert body(server.url())[0] == LIST
    with ListServer(lambda _: (bytes([octet]) for octet in http(LIST)[0])) as server:
        assert body(server.url())[0] == LIST


def test_gzip_comes_as_it_is() -> None:
    packed = gzip.compress(LIST)
    with ListServer(lambda _: http(packed, "Content-Encoding: gzip")) as server:
        assert body(server.url())[0] == packed
        assert b"\r\nAccept-Encoding: gzip\r\n" in server.requests[0]


@pytest.mark.parametrize("status", ["404 Not Found", "500 Internal Server Error", "403 Forbidden", "204 No Content"])
def test_a_status_that_brings_no_list_is_told(status: str) -> None:
    refused(lambda _: http(LIST, status=status), status)


@pytest.mark.parametrize("status", ["503 Service Unavailable", "429 Too Many Requests"])
@pytest.mark.parametrize(
    ("header", "least_s", "most_s"),
    [
        ("Retry-After: 120", 120, 120),
        ("Retry-After: in nine hours", 8 * 3600, 9 * 3600),
        ("Retry-After: Fri, 31 Dec 1999 23:59:59 GMT", None, None),
        ("Retry-After: soon", None, None),
        ("Retry-After: -5", None, None),
        (f"Retry-After: {'9' * 5000}", None, None),
        ("X-Other: 120", None, None),
    ],
)
def test_when_a_server_wants_to_be_asked_again_is_told(
    status: str, header: str, least_s: int | None, most_s: int | None
) -> None:
    in_nine_hours = format_datetime(datetime.now(UTC) + timedelta(hours=9), usegmt=True)
    header = header.replace("in nine hours", in_nine_hours)  # not before: each process has the same names of tests
    with (
        ListServer(lambda _: http(b"", header, status=status)) as server,
        pytest.raises(ListError, match=status) as told,
    ):
        body(server.url())
    if least_s is None or most_s is None:
        assert not isinstance(told.value, ListBusyError)
    else:
        assert isinstance(told.value, ListBusyError)
        assert least_s <= told.value.retry_after_s <= most_s


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [b"40\r\n" + LIST[:8], b"6\r\na.test\r\n", b"6\r\na.test\r\n40\r\n", b"6\r\na.test\r\n4", b"6\r\na.test", b""],
)
def test_a_chunked_body_that_is_cut_is_called_that(sent: bytes) -> None:
    refused(lambda _: [CHUNKED + sent], "ends in the middle")


def test_a_connection_that_breaks_in_the_middle_of_a_list_is_called_that() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as threads:

        def breaks() -> None:
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(CHUNKED + b"40\r\n" + LIST[:8])
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        broken = threads.submit(breaks)
        with pytest.raises(ListError, match="ends in the middle"):
            body(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        broken.result(30)


def test_a_reason_that_a_server_makes_up_is_not_repeated() -> None:
    with ListServer(lambda _: http(LIST, status="404 \x1b[2J")) as server, pytest.raises(ListError) as told:
        body(server.url())
    assert str(told.value).isprintable()


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("Content-Type: text/html; charset=utf-8", "web page"),
        ("Content-Type: application/xhtml+xml", "web page"),
        ("Content-Encoding: br", "not asked for"),
    ],
)
def test_what_says_that_it_is_no_list_is_none(header: str, fault: str) -> None:
    refused(lambda _: http(LIST, header), fault)


@pytest.mark.parametrize(
    "answer",
    [
        http(LIST, length=10_000),
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nads.example.com"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nads.e\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nads.e\r\n"],
    ],
    ids=["length", "half a chunk", "no last chunk", "no length of a chunk"],
)
def test_half_a_body_is_no_list(answer: list[bytes]) -> None:
    refused(lambda _: answer, "ends in the middle")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 " + b"x" * 100_000,
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
    ],
    ids=["nothing", "SSH", "no status", "endless line", "endless header"],
)
def test_what_is_not_http_is_told(answer: bytes) -> None:
    refused(lambda _: [answer], "not HTTP|cannot be reached")


class Canned(Loopback):
    """A network with one server that has said everything before it is asked."""

    def __init__(self, octets: bytes) -> None:
        super().__init__()
        self._octets = octets
        self._theirs: list[socket.socket] = []

    def connect(self, address: IPAddress, port: int, timeout_s: float) -> socket.socket:
        ours, theirs = socket.socketpair()
        self._theirs.append(theirs)
        theirs.sendall(self._octets)
        theirs.shutdown(socket.SHUT_WR)
        return ours

    def close(self) -> None:
        for theirs in self._theirs:
            theirs.close()


HEADS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 302 Found\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Type: ;;=\r\n\r\n",
        b"Location: http://[x\r\n",
    ]
)


@given(st.lists(st.one_of(HEADS, st.binary(max_size=20))))
def test_any_octets_of_a_server_are_a_list_or_a_list_error(pieces: list[bytes]) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    network = Canned(b"".join(pieces))
    try:
        with suppress(ListError):
            body("http://127.0.0.1/", network, tls)
    finally:
        network.close()


def test_a_server_that_falls_silent_is_left() -> None:
    def silent(_: bytes) -> Iterator[bytes]:
        yield http(LIST, length=1000)[0]
        server.wait(30)

    with ListServer(silent) as server, pytest.raises(ListError, match="silent"):
        body(server.url(), deadlines=Deadlines(silence_s=0.2))


@pytest.mark.parametrize(
    ("begin", "pause_s"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", 0),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", 0.02),
        (b"HTTP/1.1 200 OK\r\nA: ", 0.02),
    ],
    ids=["flood", "drip", "drip in the head"],
)
def test_a_server_that_drips_or_floods_is_left_when_the_time_is_up(begin: bytes, pause_s: float) -> None:
    def drip(_: bytes) -> Iterator[bytes]:
        yield begin
        while True:
            server.wait(pause_s)
            yield b"x"

    begun_s = monotonic()
    with ListServer(drip) as server, pytest.raises(ListError, match="takes longer than 1 s"):
        body(server.url(), deadlines=Deadlines(silence_s=30, total_s=1))
    assert monotonic() - begun_s < 20


def test_a_server_that_cannot_be_reached_is_told() -> None:
    with ListServer(lambda _: http(LIST)) as server:
        url = server.url()
    with pytest.raises(ListError, match="cannot be reached: Connection refused"):
        body(url)


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    class Partly(Loopback):
        def connect(self, address: IPAddress, port: int, timeout_s: float) -> socket.socket:
            if str(address) == "2001:db8::1":
                raise ConnectionRefusedError(111, "Connection refused")
            return super().connect(address, port, timeout_s)

    with ListServer(lambda _: http(LIST)) as server:
        assert body(server.url(host="lists.test"), Partly(lists_test=["2001:db8::1", "127.0.0.1"]))[0] == LIST


def redirecting(**to: str) -> Answer:
    """Sends /a to what `a` says, and so on; anything else is the list."""

    def answer(head: bytes) -> list[bytes]:
        path = head.split()[1].decode().removeprefix("/")
        return http(b"", f"Location: {to[path]}", status="302 Found") if path in to else http(LIST)

    return answer


def test_redirects_are_followed() -> None:
    with ListServer(redirecting(a="b", b="/c", c="d?x=1")) as server:
        assert body(server.url("/a"))[0] == LIST
        assert [head.split()[1] for head in server.requests] == [b"/a", b"/b", b"/c", b"/d?x=1"]


def test_redirects_in_a_circle_end() -> None:
    with ListServer(redirecting(a="b", b="a")) as server, pytest.raises(ListError, match="from address to address"):
        body(server.url("/a"))
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "location",
    [
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://[::1/",
        "http://127.0.0.1:99999/",
        "//me:pw@127.0.0.1/",
        "/a b",
        "/\u00fc",
        "http://127.0.0.1:0/",
    ],
)
def test_redirects_to_what_is_no_list_are_refused(location: str) -> None:
    refused(lambda _: http(b"", f"Location: {location}", status="301 Moved"), "no address of a list")


def test_a_server_on_the_internet_may_not_lead_into_the_home() -> None:
    network = Loopback(lists_test=[PUBLIC], printer_test=[PRIVATE])
    answer = redirecting(a="http://printer.test/", b="http://127.0.0.1/", c="http://[::1]/", d="//192.168.1.1/")
    with ListServer(answer) as server:
        for path in ("/a", "/b", "/c", "/d"):
            with pytest.raises(ListError, match="inside a home or this machine: refused"):
                body(server.url(path, host="lists.test"), network)
    assert network.connected == [PUBLIC] * 4


@pytest.mark.parametrize(
    "address", ["64:ff9b::c0a8:101", "::ffff:192.168.1.1", "2002:c0a8:101::1", "64:ff9b:1::1", "ff0e::1", "fd00::1"]
)
def test_an_address_of_the_home_in_disguise_is_one(address: str) -> None:
    network = Loopback(lists_test=[PUBLIC], printer_test=[address])
    with (
        ListServer(redirecting(a="http://printer.test/")) as server,
        pytest.raises(ListError, match="inside a home or this machine: refused"),
    ):
        body(server.url("/a", host="lists.test"), network)


def test_an_address_that_leads_nowhere_beside_the_true_one_opens_no_door() -> None:
    network = Loopback(lists_test=["240.0.0.1", PUBLIC], printer_test=[PRIVATE])
    with ListServer(redirecting(a="http://printer.test/")) as server:
        with pytest.raises(ListError, match="inside a home or this machine: refused"):
            body(server.url("/a", host="lists.test"), network)
        assert body(server.url("/list", host="lists.test"), network)[0] == LIST
    assert set(network.connected) == {PUBLIC}


def test_a_server_in_the_home_may_lead_where_it_wants() -> None:
    network = Loopback(nas_test=[PRIVATE], lists_test=[PUBLIC])
    with ListServer(redirecting(a="/b", b="/c")) as server:
        assert body(server.url("/a", host="nas.test"), network)[0] == LIST


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def server_tls(authority: Authority, tmp_path: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    leaf = authority.intermediate.sign("lists.test", names=["lists.test"])
    context.load_cert_chain(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate))
    return context


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.root.pem.decode())


def test_https_is_verified_for_the_name_in_the_address(authority: Authority, server_tls: ssl.SSLContext) -> None:
    network = Loopback(lists_test=[PUBLIC], other_test=[PUBLIC])
    with ListServer(lambda _: http(LIST), server_tls) as server:
        assert body(server.url(host="lists.test"), network, trusting(authority))[0] == LIST
        with pytest.raises(ListError, match="certificate is not valid: Hostname mismatch"):
            body(server.url(host="other.test"), network, trusting(authority))
        with pytest.raises(ListError, match="certificate is not valid"):
            body(server.url(host="lists.test"), network, trusting(Authority()))


def test_https_never_leads_to_http(authority: Authority, server_tls: ssl.SSLContext) -> None:
    network = Loopback(lists_test=[PUBLIC])
    refusal = pytest.raises(ListError, match="from https to an address without it: refused")
    with ListServer(redirecting(a="http://lists.test/b"), server_tls) as server, refusal:
        body(server.url("/a", host="lists.test"), network, trusting(authority))


def test_a_server_that_speaks_no_tls_is_told() -> None:
    with ListServer(lambda _: http(LIST)) as server, pytest.raises(ListError, match=r"cannot be reached|silent"):
        body(server.url().replace("http:", "https:"), deadlines=Deadlines(connect_s=2))
