import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dot.clienthello import (
    MAX_HEADERS_BYTES,
    MAX_HELLO_BYTES,
    Alert,
    ClientHello,
    ClientHelloReader,
    HelloError,
)
from app.errors import PeerError

NAME = b"dns.home.arpa"


def hello(protocols: list[str] | None = None, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> bytes:
    """The first flight of Python's own client."""
    context = ssl.create_default_context()
    context.maximum_version = version
    if protocols:
        context.set_alpn_protocols(protocols)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname=NAME.decode())
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


H2_HELLO, H2_DOT_HELLO = hello(["h2"]), hello(["h2", "dot"])


def record(content: bytes, kind: int = 22) -> bytes:
    return bytes([kind, 3, 1]) + len(content).to_bytes(2, "big") + content


def message(extensions: bytes | None) -> bytes:
    body = b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0"
    if extensions is not None:
        body += len(extensions).to_bytes(2, "big") + extensions
    return b"\1" + len(body).to_bytes(3, "big") + body


def by_hand(extensions: bytes | None) -> bytes:
    return record(message(extensions))


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
    ("extensions", "held_to"),
    [
        (groups(X25519, P_256, FFDHE_2048) + shares(X25519), None),
        (groups(FFDHE_2048, X25519) + shares(), None),
        (groups(X25519_MLKEM_768, X25519) + shares(X25519_MLKEM_768, X25519, octets=1216), None),
        (groups(GREASE), None),
        (groups(X25519_MLKEM_768), None),
        (groups(GREASE, 0x00FF, 0x0200), None),
        (groups(P_256, FFDHE_2048) + shares(P_256, FFDHE_2048), ("prime256v1",)),
        (groups(X25519, FFDHE_8192) + shares(X25519, FFDHE_8192), ("X25519",)),
        (groups(X25519, P_256, FFDHE_8192) + shares(FFDHE_8192, P_256), ("prime256v1", "X25519")),
        (groups(X25519, FFDHE_8192, P_256) + shares(FFDHE_8192, octets=1024), ("X25519", "prime256v1")),
        (shares(FFDHE_2048) + groups(X25519), ("X25519",)),
        (shares(FFDHE_2048, octets=0) + groups(0x0018, 0x0019, 0x001E), ("secp384r1", "secp521r1", "X448")),
        (groups(FFDHE_8192) + shares(), ()),
        (groups(GREASE, FFDHE_2048) + shares(GREASE, octets=1), ()),
        (groups(X25519_MLKEM_768, 0x01FF), ()),
        *((groups(FFDHE_2048, curve), None) for curve in (0x0017, 0x0018, 0x0019, 0x001D, 0x001E)),
    ],
)
def test_holds_a_client_to_curves_where_a_finite_field_could_be_taken(
    extensions: bytes, held_to: tuple[str, ...] | None
) -> None:
    assert ClientHelloReader().feed(by_hand(extensions)) == ClientHello(None, held_to)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(("offer", "accepted"), [(["dot"], True), (["h2"], False), (["h2", "dot"], True), (None, True)])
def test_reads_what_a_real_client_offers(version: ssl.TLSVersion, offer: list[str] | None, *, accepted: bool) -> None:
    read = ClientHelloReader().feed(hello(offer, version))
    assert read == ClientHello(None if offer is None else tuple(name.encode() for name in offer), server_name=NAME)
    assert read.accepts(b"dot") is accepted


def test_reads_a_hello_that_comes_byte_by_byte() -> None:
    flight = hello(["dot"])
    reader = ClientHelloReader()
    assert [reader.feed(flight[at : at + 1]) for at in range(len(flight) - 1)] == [None] * (len(flight) - 1)
    assert reader.feed(flight[-1:]) == ClientHello((b"dot",), server_name=NAME)


@given(st.integers(1, 200))
def test_reads_a_hello_spread_over_records_of_any_size(size: int) -> None:
    message = H2_DOT_HELLO[5:]
    flight = b"".join(record(message[at : at + size]) for at in range(0, len(message), size))
    assert ClientHelloReader().feed(flight) == ClientHello((b"h2", b"dot"), server_name=NAME)


@pytest.mark.parametrize("size", [1, 3, 4, 100])
@pytest.mark.parametrize("piece", [1, 4, 7])
def test_reads_a_hello_whose_records_come_in_pieces(size: int, piece: int) -> None:
    message = H2_DOT_HELLO[5:]
    flight = b"".join(record(message[at : at + size]) for at in range(0, len(message), size))
    reader = ClientHelloReader()
    read = [reader.feed(flight[at : at + piece]) for at in range(0, len(flight), piece)]
    assert read == [None] * (len(read) - 1) + [ClientHello((b"h2", b"dot"), server_name=NAME)]


@pytest.mark.parametrize("compressions", [b"\1\0", b"\2\1\0", b"\3\1\5\0"])
def test_reads_past_more_cipher_suites_and_compressions_than_anybody_has(compressions: bytes) -> None:
    suites, extensions = bytes(600), alpn(b"h2")
    body = b"\3\3" + bytes(32) + b"\0" + len(suites).to_bytes(2, "big") + suites + compressions
    body += len(extensions).to_bytes(2, "big") + extensions
    assert ClientHelloReader().feed(record(b"\1" + len(body).to_bytes(3, "big") + body)) == ClientHello((b"h2",))


def test_reads_more_groups_and_shares_and_longer_names_than_an_octet_counts() -> None:
    many = groups(*range(0x1000, 0x1000 + 200), FFDHE_2048) + shares(FFDHE_2048, octets=256)
    assert ClientHelloReader().feed(by_hand(many + alpn(*[b"x" * 100] * 3))) == ClientHello((b"x" * 100,) * 3, ())


def test_a_hello_without_extensions_offers_nothing() -> None:
    assert ClientHelloReader().feed(by_hand(None)) == ClientHello(None)


NO_HANDSHAKE = "the first record is not a handshake"
GROUPS = "the list of groups does not fill its extension"
SHARES = "the key shares do not fill their extension"
LIST = "the ALPN list does not fill its extension"


@pytest.mark.parametrize(
    ("flight", "why"),
    [
        (record(b"\1\0\0\1\3"), "cut short"),
        (record(b"\1\1\0\1"), "65537 octets, more than 65536"),
        (record(b"\1\1\0\x05"), "65541 octets, more than 65536"),
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
        (by_hand(shares(X25519)[:-1]), "an extension runs past the end"),
        (by_hand(shares(X25519)[:-1] + alpn(b"dot")), "an extension runs past the end|cut short"),
        (by_hand(b"\0\x10\0"), "cut short"),
        (by_hand(b"")[:-2] + b"\0\1", "extensions do not fill it"),
    ],
)
def test_refuses_what_is_not_a_well_formed_hello_and_says_why(flight: bytes, why: str) -> None:
    with pytest.raises(HelloError, match=why) as refused:
        ClientHelloReader().feed(flight)
    assert refused.value.alert == Alert.DECODE_ERROR


@pytest.mark.parametrize(
    ("flight", "alert", "why"),
    [
        (b"GET / HTTP/1.1\r\n", Alert.UNEXPECTED_MESSAGE, NO_HANDSHAKE),
        (b"\x80\x2e\1\3\1", Alert.UNEXPECTED_MESSAGE, NO_HANDSHAKE),  # an SSLv2 hello
        (b"\0\x1d" + bytes(29), Alert.UNEXPECTED_MESSAGE, NO_HANDSHAKE),  # a DNS message without TLS
        (record(b"\1\0\0\0", kind=23), Alert.UNEXPECTED_MESSAGE, NO_HANDSHAKE),
        (record(b"\1\0") + record(b"\1", kind=20), Alert.UNEXPECTED_MESSAGE, NO_HANDSHAKE),
        (record(b"\2\0\0\1\0"), Alert.UNEXPECTED_MESSAGE, "first handshake message is not a ClientHello"),
        (b"\x16\3\1\0\0", Alert.UNEXPECTED_MESSAGE, "without content"),
        (record(by_hand(b"")[5:] + b"\1"), Alert.UNEXPECTED_MESSAGE, "octets follow the ClientHello in its record"),
        (b"\x16\3\1\x40\1", Alert.RECORD_OVERFLOW, "a record of 16385 octets"),
        (b"\x16\3\1\xff\xff", Alert.RECORD_OVERFLOW, "a record of 65535 octets"),
        (b"\x16\2\0\0\5", Alert.PROTOCOL_VERSION, "a record header that no version has"),
        (by_hand(alpn(b"dot") + alpn(b"dot")), Alert.ILLEGAL_PARAMETER, "two ALPN extensions"),
    ],
)
def test_a_first_flight_that_breaks_a_rule_gets_the_alert_that_the_rule_names(
    flight: bytes, alert: Alert, why: str
) -> None:
    with pytest.raises(HelloError, match=why) as refused:
        ClientHelloReader().feed(flight)
    assert refused.value.alert == alert


def test_a_refusal_says_why_and_nothing_else() -> None:
    assert str(HelloError("cut short", Alert.DECODE_ERROR)) == "cut short"


def test_alerts_have_the_numbers_that_clients_know() -> None:
    """RFC 8446 6; RFC 7301 3.2 for the last."""
    assert {each.name: each.value for each in Alert} == {
        "UNEXPECTED_MESSAGE": 10, "RECORD_OVERFLOW": 22, "HANDSHAKE_FAILURE": 40, "ILLEGAL_PARAMETER": 47,
        "DECODE_ERROR": 50, "PROTOCOL_VERSION": 70, "NO_APPLICATION_PROTOCOL": 120,
    }  # fmt: skip


def test_an_alert_is_a_fatal_one_in_a_record_of_its_own() -> None:
    assert Alert.DECODE_ERROR.record == bytes.fromhex("15 0303 0002 02 32")


@pytest.mark.parametrize("size", [21, 1000, 16384])
def test_reads_a_hello_of_64_kib(size: int) -> None:
    padding = MAX_HELLO_BYTES - len(message(alpn(b"dot")))
    whole = message(alpn(b"dot") + b"\0\x15" + padding.to_bytes(2, "big") + bytes(padding))
    flight = b"".join(record(whole[at : at + size]) for at in range(0, len(whole), size))
    assert len(whole) == 4 + MAX_HELLO_BYTES
    assert ClientHelloReader().feed(flight) == ClientHello((b"dot",))


def test_a_hello_of_more_headers_than_content_is_refused_before_it_fills_the_memory() -> None:
    flight = b"".join(record(bytes([octet])) for octet in b"\1\0\x40\0" + bytes(MAX_HEADERS_BYTES // 5))
    with pytest.raises(HelloError, match="too many small records"):
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
    assert read == ClientHello((b"h2", b"dot"), server_name=NAME)


def test_holds_no_more_than_one_hello() -> None:
    flight = record(b"\1\1\0\0" + bytes(1000)) * (MAX_HELLO_BYTES // 1000 + 2)
    with pytest.raises(PeerError):
        ClientHelloReader().feed(flight)


def test_of_two_alpn_extensions_neither_counts() -> None:
    with pytest.raises(HelloError, match="two ALPN extensions") as refused:
        ClientHelloReader().feed(by_hand(alpn(b"dot") + alpn(b"dot")))
    assert refused.value.alert == Alert.ILLEGAL_PARAMETER


def server_names(*names: bytes, kind: int = 0) -> bytes:
    entries = b"".join(bytes([kind]) + len(name).to_bytes(2, "big") + name for name in names)
    content = len(entries).to_bytes(2, "big") + entries
    return b"\0\0" + len(content).to_bytes(2, "big") + content


@pytest.mark.parametrize(
    ("extensions", "name"),
    [
        (server_names(b"MyBox.Example.org"), b"mybox.example.org"),
        (alpn(b"dot"), b""),
        (server_names(b""), b""),
        (b"\0\0\0\0", b""),
        (server_names(b"a.example", b"b.example"), b""),
        (server_names(b"a.example", kind=1), b""),
        (b"\0\0\0\6\0\4\0\0\2a", b""),
    ],
)
def test_reads_the_one_name_that_is_asked_for(extensions: bytes, name: bytes) -> None:
    read = ClientHelloReader().feed(by_hand(extensions))
    assert read is not None
    assert read.server_name == name


@pytest.mark.parametrize("twice", [server_names(b"a.example"), alpn(b"dot"), groups(X25519), shares(X25519)])
def test_the_same_extension_twice_is_refused(twice: bytes) -> None:
    with pytest.raises(HelloError, match="has two") as refused:
        ClientHelloReader().feed(by_hand(twice + twice))
    assert refused.value.alert == Alert.ILLEGAL_PARAMETER
