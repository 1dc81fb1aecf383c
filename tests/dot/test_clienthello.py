import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dot.clienthello import MAX_HELLO_BYTES, ClientHello, ClientHelloReader
from app.errors import PeerError


def hello(protocols: list[str] | None = None, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> bytes:
    """The first flight of Python's own client."""
    context = ssl.create_default_context()
    context.maximum_version = version
    if protocols:
        context.set_alpn_protocols(protocols)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="dns.home.arpa")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


H2_HELLO, H2_DOT_HELLO = hello(["h2"]), hello(["h2", "dot"])


def record(content: bytes, kind: int = 22) -> bytes:
    return bytes([kind, 3, 1]) + len(content).to_bytes(2, "big") + content


def by_hand(extensions: bytes | None) -> bytes:
    body = b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0"
    if extensions is not None:
        body += len(extensions).to_bytes(2, "big") + extensions
    return record(b"\1" + len(body).to_bytes(3, "big") + body)


def alpn(*names: bytes) -> bytes:
    names_octets = b"".join(bytes([len(name)]) + name for name in names)
    content = len(names_octets).to_bytes(2, "big") + names_octets
    return b"\0\x10" + len(content).to_bytes(2, "big") + content


def groups(*numbers: int) -> bytes:
    content = (2 * len(numbers)).to_bytes(2, "big") + b"".join(number.to_bytes(2, "big") for number in numbers)
    return b"\0\x0a" + len(content).to_bytes(2, "big") + content


def shares(*numbers: int, octets: int = 32) -> bytes:
    entries = b"".join(number.to_bytes(2, "big") + octets.to_bytes(2, "big") + bytes(octets) for number in numbers)
    content = len(entries).to_bytes(2, "big") + entries
    return b"\0\x33" + len(content).to_bytes(2, "big") + content


X25519, P_256, FFDHE_2048, FFDHE_8192, X25519_MLKEM_768, GREASE = 0x001D, 0x0017, 0x0100, 0x0104, 0x11EC, 0x2A2A


@pytest.mark.parametrize(
    ("extensions", "is_finite_field"),
    [
        (groups(X25519, P_256, FFDHE_2048) + shares(X25519), False),
        (groups(FFDHE_2048, X25519) + shares(), False),
        (groups(X25519_MLKEM_768, X25519) + shares(X25519_MLKEM_768, X25519, octets=1216), False),
        (groups(GREASE), False),
        (groups(X25519_MLKEM_768), False),
        (groups(X25519, FFDHE_8192) + shares(X25519, FFDHE_8192), True),
        (groups(X25519, FFDHE_8192) + shares(FFDHE_8192, octets=1024), True),
        (groups(FFDHE_8192) + shares(), True),
        (groups(GREASE, FFDHE_2048) + shares(GREASE, octets=1), True),
        (groups(X25519_MLKEM_768, 0x01FF), True),
        (shares(FFDHE_2048) + groups(X25519), True),
        (shares(FFDHE_2048, octets=0), True),
        (groups(GREASE, 0x00FF, 0x0200), False),
        *((groups(FFDHE_2048, curve), False) for curve in (0x0017, 0x0018, 0x0019, 0x001D, 0x001E)),
    ],
)
def test_sees_a_key_exchange_in_a_finite_field_coming(extensions: bytes, is_finite_field: bool) -> None:
    read = ClientHelloReader().feed(by_hand(extensions))
    assert read == ClientHello(None, is_finite_field)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(("offer", "accepted"), [(["dot"], True), (["h2"], False), (["h2", "dot"], True), (None, True)])
def test_reads_what_a_real_client_offers(version: ssl.TLSVersion, offer: list[str] | None, accepted: bool) -> None:
    read = ClientHelloReader().feed(hello(offer, version))
    assert read == ClientHello(None if offer is None else tuple(name.encode() for name in offer))
    assert read.accepts(b"dot") is accepted


def test_reads_a_hello_that_comes_byte_by_byte() -> None:
    flight = hello(["dot"])
    reader = ClientHelloReader()
    assert [reader.feed(flight[at : at + 1]) for at in range(len(flight) - 1)] == [None] * (len(flight) - 1)
    assert reader.feed(flight[-1:]) == ClientHello((b"dot",))


@given(st.integers(1, 200))
def test_reads_a_hello_spread_over_records_of_any_size(size: int) -> None:
    message = H2_DOT_HELLO[5:]
    flight = b"".join(record(message[at : at + size]) for at in range(0, len(message), size))
    assert ClientHelloReader().feed(flight) == ClientHello((b"h2", b"dot"))


@pytest.mark.parametrize("size", [1, 3, 4, 100])
@pytest.mark.parametrize("piece", [1, 4, 7])
def test_reads_a_hello_whose_records_come_in_pieces(size: int, piece: int) -> None:
    message = H2_DOT_HELLO[5:]
    flight = b"".join(record(message[at : at + size]) for at in range(0, len(message), size))
    reader = ClientHelloReader()
    read = [reader.feed(flight[at : at + piece]) for at in range(0, len(flight), piece)]
    assert read == [None] * (len(read) - 1) + [ClientHello((b"h2", b"dot"))]


def test_reads_past_more_cipher_suites_than_anybody_has() -> None:
    suites, extensions = bytes(600), alpn(b"h2")
    body = b"\3\3" + bytes(32) + b"\0" + len(suites).to_bytes(2, "big") + suites + b"\1\0"
    body += len(extensions).to_bytes(2, "big") + extensions
    assert ClientHelloReader().feed(record(b"\1" + len(body).to_bytes(3, "big") + body)) == ClientHello((b"h2",))


def test_a_hello_without_extensions_offers_nothing() -> None:
    assert ClientHelloReader().feed(by_hand(None)) == ClientHello(None)


NO_HANDSHAKE = "the first record is not a handshake"
NO_VERSION = "a record header that no version has"
GROUPS = "the list of groups does not fill its extension"
SHARES = "the key shares do not fill their extension"
LIST = "the ALPN list does not fill its extension"


@pytest.mark.parametrize(
    ("flight", "why"),
    [
        (b"GET / HTTP/1.1\r\n", NO_HANDSHAKE),
        (b"\x80\x2e\1\3\1", NO_HANDSHAKE),  # an SSLv2 hello
        (b"\0\x1d" + bytes(29), NO_HANDSHAKE),  # a DNS message without TLS
        (record(b"\1\0\0\0", kind=23), NO_HANDSHAKE),
        (record(b"\2\0\0\1\0"), "the first handshake message is not a ClientHello"),
        (b"\x16\2\0\0\5", NO_VERSION),
        (b"\x16\3\1\0\0", NO_VERSION),
        (b"\x16\3\1\x40\1", NO_VERSION),
        (record(b"\1\0\0\1\3"), "cut short"),
        (record(b"\1\0\x40\1"), "16385 octets, more than 16384"),
        (record(b"\1\1\0\x05"), "65541 octets, more than 16384"),
        (by_hand(alpn(b"dot") + alpn(b"dot")), "two ALPN extensions"),
        (by_hand(alpn()), "an empty ALPN name or list"),
        (by_hand(alpn(b"")), "an empty ALPN name or list"),
        (by_hand(alpn(b"dot", b"")), "an empty ALPN name or list"),
        (by_hand(b"\0\x10\0\0"), LIST),
        (by_hand(b"\0\x10\0\1\0"), LIST),
        (by_hand(b"\0\x10\0\4\0\3\1a"), LIST),
        (by_hand(b"\0\x10\0\4\0\2\5a"), "an ALPN name is cut short"),
        (by_hand(b"\0\x0a\0\0"), GROUPS),
        (by_hand(b"\0\x0a\0\2\0\0"), GROUPS),
        (by_hand(b"\0\x0a\0\3\0\2\0"), GROUPS),
        (by_hand(b"\0\x0a\0\5\0\3\0\x1d\0"), GROUPS),
        (by_hand(b"\0\x0a\0\4\0\1\0\x1d"), GROUPS),
        (by_hand(b"\0\x33\0\0"), SHARES),
        (by_hand(b"\0\x33\0\2\0\1"), SHARES),
        (by_hand(b"\0\x33\0\5\0\3\0\x1d\0"), SHARES),
        (by_hand(shares(X25519)[:-1]), SHARES),
        (by_hand(shares(X25519)[:-1] + alpn(b"dot")), "an extension runs past the end|cut short"),
        (by_hand(b"\0\x10\0"), "cut short"),
        (by_hand(b"")[:-2] + b"\0\1", "extensions do not fill it"),
        (record(by_hand(b"")[5:] + b"\1"), "octets follow the ClientHello in its record"),
    ],
)
def test_refuses_what_is_not_a_well_formed_hello_and_says_why(flight: bytes, why: str) -> None:
    with pytest.raises(PeerError, match=why):
        ClientHelloReader().feed(flight)


@pytest.mark.parametrize("start", [b"", b"\x16\3\1\x40\0", record(b"\1"), record(b"\1\0\x40"), record(b"\1\0\x40\0")])
def test_waits_for_more_of_what_may_still_become_a_hello(start: bytes) -> None:
    assert ClientHelloReader().feed(start) is None


@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_octets_give_a_hello_an_error_or_a_wish_for_more(octets: bytes, size: int) -> None:
    reader = ClientHelloReader()
    try:
        for at in range(0, len(octets), size):
            if reader.feed(octets[at : at + size]) is not None:
                return
    except PeerError:
        return


@given(st.data())
def test_a_damaged_hello_is_never_taken_for_an_offer_of_ours(data: st.DataObject) -> None:
    flight = bytearray(H2_HELLO)
    flight[data.draw(st.integers(0, len(flight) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        read = ClientHelloReader().feed(bytes(flight))
    except PeerError:
        return
    assert read is None or read.protocols is None or b"dot" not in read.protocols


@pytest.mark.parametrize("piece", [1, 300, 100_000])
def test_what_follows_the_hello_is_left_to_others(piece: int) -> None:
    """Early data and the change_cipher_spec before it (RFC 8446 4.2.10, D.4), which this server passes over."""
    flight = H2_DOT_HELLO + record(b"\1", kind=20) + record(bytes(100), kind=23)
    reader = ClientHelloReader()
    read = None
    for at in range(0, len(flight), piece):
        read = reader.feed(flight[at : at + piece])
        if read is not None:
            break
    assert read == ClientHello((b"h2", b"dot"))


def test_holds_no_more_than_one_hello() -> None:
    flight = record(b"\1\0\x40\0" + bytes(1000)) * (MAX_HELLO_BYTES // 1000 + 2)
    with pytest.raises(PeerError):
        ClientHelloReader().feed(flight)
