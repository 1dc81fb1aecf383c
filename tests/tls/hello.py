"""ClientHello messages made by hand (RFC 8446 4.1.2), so that each field can be what no library would send."""

from collections.abc import Mapping, Sequence

TLS_1_2, TLS_1_3 = 0x0303, 0x0304
X25519, P_256, P_384, X448, X25519MLKEM768 = 0x001D, 0x0017, 0x0018, 0x001E, 0x11EC
AES_128_GCM_SHA256 = 0x1301
ECDHE_ECDSA_AES_128_GCM = 0xC02B
GREASE = 0x5A5A
SERVER_NAME, GROUPS, SIGNATURES, ALPN, PADDING, VERSIONS, KEY_SHARE = 0, 10, 13, 16, 21, 43, 51

NO_APPLICATION_PROTOCOL = bytes.fromhex("15 0303 0002 02 78")


def hello(
    *,
    version: int = TLS_1_2,
    versions: Sequence[int] = (TLS_1_3,),
    ciphers: Sequence[int] = (AES_128_GCM_SHA256,),
    compressions: bytes = b"\0",
    groups: Sequence[int] = (X25519,),
    shares: Mapping[int, bytes] | None = None,
    alpn: Sequence[bytes] = (b"dot",),
    more: bytes = b"",
) -> bytes:
    """The handshake message. Without `versions` it is one of TLS 1.2 or older; `more` is put before the other
    extensions; `shares` are the key shares, by group."""
    extensions = more
    extensions += extension(GROUPS, sized(2, b"".join(u16(group) for group in groups)))
    extensions += extension(SIGNATURES, sized(2, bytes.fromhex("0403 0804 0401")))
    if alpn:
        extensions += extension(ALPN, sized(2, b"".join(sized(1, name) for name in alpn)))
    if versions:
        extensions += extension(VERSIONS, sized(1, b"".join(u16(offered) for offered in versions)))
        entries = b"".join(u16(group) + sized(2, share) for group, share in (shares or {}).items())
        extensions += extension(KEY_SHARE, sized(2, entries))
    body = u16(version) + bytes(range(32)) + sized(1, b"")
    body += sized(2, b"".join(u16(cipher) for cipher in ciphers)) + sized(1, compressions) + sized(2, extensions)
    return b"\1" + sized(3, body)


def old_hello(version: int = TLS_1_2, ciphers: Sequence[int] = (ECDHE_ECDSA_AES_128_GCM,), **fields: bytes) -> bytes:
    """A hello that knows nothing of TLS 1.3."""
    return hello(version=version, versions=(), ciphers=ciphers, groups=(X25519, P_256), **fields)  # type: ignore[arg-type]


def records(message: bytes, size: int = 16384, version: int = 0x0301) -> bytes:
    """`message` in handshake records of at most `size` octets."""
    return b"".join(b"\x16" + u16(version) + sized(2, message[at : at + size]) for at in range(0, len(message), size))


def extension(kind: int, content: bytes) -> bytes:
    return u16(kind) + sized(2, content)


def padded_to(octets: int) -> bytes:
    """A hello of exactly `octets`, its 4 octets of header not counted, by the padding extension (RFC 7685)."""
    bare = len(hello(more=extension(PADDING, b""))) - 4
    return hello(more=extension(PADDING, bytes(octets - bare)))


def post_quantum_share() -> bytes:
    """A share for X25519MLKEM768 as long as a real one and well-formed: the ML-KEM key whose polynomials are all zero
    (FIPS 203 7.2 takes it), and X25519's base point."""
    return bytes(1184) + b"\x09" + bytes(31)


def with_post_quantum_share(flight: bytes) -> bytes:
    """A real client's first flight, one record, with that share put before its own."""
    body = flight[9:]
    at = 34
    at += 1 + body[at]
    at += 2 + int.from_bytes(body[at : at + 2], "big")
    at += 1 + body[at]
    head, rest = body[:at], body[at + 2 :]
    share = u16(X25519MLKEM768) + sized(2, post_quantum_share())
    extensions = b""
    has_shares = False
    while rest:
        kind, length = int.from_bytes(rest[:2], "big"), int.from_bytes(rest[2:4], "big")
        content, rest = rest[4 : 4 + length], rest[4 + length :]
        if kind == KEY_SHARE:
            has_shares = True
            content = sized(2, share + content[2:])
        elif kind == GROUPS:
            content = sized(2, u16(X25519MLKEM768) + content[2:])
        extensions += extension(kind, content)
    if not has_shares:
        extensions = extension(KEY_SHARE, sized(2, share)) + extensions  # pre_shared_key stays last
    return records(b"\1" + sized(3, head + sized(2, extensions)))


def u16(number: int) -> bytes:
    return number.to_bytes(2, "big")


def sized(octets: int, content: bytes) -> bytes:
    """`content` after its length in `octets`."""
    return len(content).to_bytes(octets, "big") + content
