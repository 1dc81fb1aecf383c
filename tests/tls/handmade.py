"""A TLS 1.3 client made by hand (RFC 8446): it sends what no library would, and sees each record of the answer.

It knows one cipher suite, TLS_AES_128_GCM_SHA256, and believes every certificate.
"""

import hmac
import socket
from collections.abc import Mapping
from hashlib import sha256
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from . import hello
from .hello import P_256, P_384, X448, X25519, sized, u16

HANDSHAKE, APPLICATION_DATA, ALERT, CHANGE_CIPHER_SPEC = 22, 23, 21, 20
SERVER_HELLO, NEW_SESSION_TICKET, FINISHED, KEY_UPDATE = 2, 4, 20, 24
RETRY = sha256(b"HelloRetryRequest").digest()
"""The random of a ServerHello that is a HelloRetryRequest (RFC 8446 4.1.3)."""

_CURVES = {P_256: ec.SECP256R1(), P_384: ec.SECP384R1()}


class Alert(Exception):
    """The server's alert; `description` is its number."""

    def __init__(self, description: int) -> None:
        super().__init__(f"alert {description}")
        self.description = description


class Key:
    """A key share of ours for `group`."""

    def __init__(self, group: int) -> None:
        self.group = group
        self._private: x25519.X25519PrivateKey | x448.X448PrivateKey | ec.EllipticCurvePrivateKey
        if group == X25519:
            self._private = x25519.X25519PrivateKey.generate()
        elif group == X448:
            self._private = x448.X448PrivateKey.generate()
        else:
            self._private = ec.generate_private_key(_CURVES[group])

    @property
    def share(self) -> bytes:
        public = self._private.public_key()
        if isinstance(public, ec.EllipticCurvePublicKey):
            return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return public.public_bytes_raw()

    def shared(self, theirs: bytes) -> bytes:
        match self._private:
            case x25519.X25519PrivateKey():
                return self._private.exchange(x25519.X25519PublicKey.from_public_bytes(theirs))
            case x448.X448PrivateKey():
                return self._private.exchange(x448.X448PublicKey.from_public_bytes(theirs))
        curve = _CURVES[self.group]
        return self._private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(curve, theirs))


class Handmade:
    """`with Handmade(port) as client`. Every wait ends after ten seconds with TimeoutError.

    After `handshake`: `group` is what was agreed on, `alpn` what was selected, `retried` whether it took a
    HelloRetryRequest.
    """

    def __init__(self, port: int, segment_octets: int = 0) -> None:
        self._socket = socket.socket()
        self._socket.settimeout(10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if segment_octets:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment_octets)
        self._socket.connect(("127.0.0.1", port))
        self._transcript = b""
        self._theirs: _Protection | None = None
        self._ours: _Protection | None = None
        self._pending = b""
        self.group = 0
        self.alpn = b""
        self.retried = False
        self.key_updates = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    # --- octets and records -------------------------------------------------------------------------------------

    def write(self, octets: bytes, piece: int = 1 << 20) -> None:
        """Octets as they are, `piece` by `piece`."""
        for at in range(0, len(octets), piece):
            self._socket.sendall(octets[at : at + piece])

    def read_to_end(self) -> bytes:
        """Everything up to the end of the connection. A reset is an error."""
        octets = b""
        while more := self._socket.recv(65536):
            octets += more
        return octets

    def record(self) -> tuple[int, bytes]:
        """The next record: its kind and its content, decrypted if due. Raises Alert, and EOFError at the end."""
        header = self._exactly(5)
        content = self._exactly(int.from_bytes(header[3:], "big"))
        kind = header[0]
        if kind == APPLICATION_DATA and self._theirs is not None:
            content = self._theirs.open(header, content).rstrip(b"\0")
            kind, content = content[-1], content[:-1]
        if kind == ALERT:
            raise Alert(content[1])
        return kind, content

    def send_record(self, kind: int, content: bytes) -> None:
        """A protected record; `kind` is that of its content."""
        assert self._ours is not None
        self.write(self._ours.seal(content + bytes([kind])))

    # --- the handshake ------------------------------------------------------------------------------------------

    def handshake(self, groups: Mapping[int, Key | bytes | None] | None = None, piece: int = 1 << 20) -> None:
        """Offer `groups`: with a key, with octets that only look like a share, or with no share; by default X25519."""
        offered = groups or {X25519: Key(X25519)}
        keys = {group: key for group, key in offered.items() if isinstance(key, Key)}
        shares = {group: key if isinstance(key, bytes) else key.share for group, key in offered.items() if key}
        self._send_hello(hello.hello(groups=tuple(offered), shares=shares), piece)
        answer = self._server_hello()
        if answer[6:38] == RETRY:
            self.retried = True
            first = self._transcript[: -len(answer)]
            self._transcript = b"\xfe\0\0\x20" + sha256(first).digest() + answer
            group = int.from_bytes(_key_share(answer)[:2], "big")
            keys = {group: Key(group)}
            self._send_hello(hello.hello(groups=tuple(offered), shares={group: keys[group].share}), piece)
            answer = self._server_hello()
        share = _key_share(answer)
        self.group = int.from_bytes(share[:2], "big")
        if self.group not in keys:
            return  # what only looked like a share was taken for one: this client cannot go on
        self._finish(keys[self.group].shared(share[4:]))

    def _send_hello(self, message: bytes, piece: int) -> None:
        self._transcript += message
        self.write(hello.records(message), piece)

    def _server_hello(self) -> bytes:
        message = self._message()
        while message[0] != SERVER_HELLO:
            raise AssertionError(f"handshake message {message[0]} instead of a ServerHello")
        return message

    def _finish(self, shared: bytes) -> None:
        nothing = bytes(32)
        secret = _extract(_derive(_extract(nothing, nothing), b"derived", b""), shared)
        client = _derive(secret, b"c hs traffic", self._transcript)
        server = _derive(secret, b"s hs traffic", self._transcript)
        self._theirs = _Protection(server)
        message = b""
        while not message or message[0] != FINISHED:
            before = self._transcript
            message = self._message()
            if message[0] == 8 and (selected := _extensions(message[6:]).get(hello.ALPN)):
                self.alpn = selected[3:]
        assert message[4:] == _verify_data(server, before)
        self.write(_ours_finished(client, self._transcript))
        master = _extract(_derive(secret, b"derived", b""), nothing)
        self._theirs = _Protection(_derive(master, b"s ap traffic", self._transcript))
        self._ours = _Protection(_derive(master, b"c ap traffic", self._transcript))

    def _message(self) -> bytes:
        """The next handshake message, which goes into the transcript."""
        while len(self._pending) < 4 or len(self._pending) < 4 + int.from_bytes(self._pending[1:4], "big"):
            kind, content = self.record()
            if kind == HANDSHAKE:
                self._pending += content
        end = 4 + int.from_bytes(self._pending[1:4], "big")
        message, self._pending = self._pending[:end], self._pending[end:]
        self._transcript += message
        return message

    # --- afterwards ---------------------------------------------------------------------------------------------

    def ask(self, message: bytes) -> None:
        self.send_record(APPLICATION_DATA, sized(2, message))

    def answers(self) -> bytes:
        """The next record of application data; tickets and key updates on the way are taken in."""
        while True:
            kind, content = self.record()
            if kind == APPLICATION_DATA:
                return content
            if kind == HANDSHAKE and content[0] == KEY_UPDATE:
                assert self._theirs is not None
                self._theirs = self._theirs.next()
                self.key_updates += 1

    def update_key(self, *, requested: bool) -> None:
        """KeyUpdate (RFC 8446 4.6.3): our own key is the next one from here on; `requested` asks for theirs too."""
        self.send_record(HANDSHAKE, bytes([KEY_UPDATE, 0, 0, 1, requested]))
        assert self._ours is not None
        self._ours = self._ours.next()

    def _exactly(self, count: int) -> bytes:
        octets = b""
        while len(octets) < count:
            more = self._socket.recv(count - len(octets))
            if not more:
                raise EOFError
            octets += more
        return octets


class _Protection:
    """One direction's keys and its count of records (RFC 8446 5.2, 7.3)."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._cipher = AESGCM(_expand(secret, b"key", b"", 16))
        self._iv = int.from_bytes(_expand(secret, b"iv", b"", 12), "big")
        self._count = 0

    def next(self) -> "_Protection":
        return _Protection(_expand(self._secret, b"traffic upd", b"", 32))

    def seal(self, plaintext: bytes) -> bytes:
        header = b"\x17\3\3" + u16(len(plaintext) + 16)
        return header + self._cipher.encrypt(self._nonce(), plaintext, header)

    def open(self, header: bytes, ciphertext: bytes) -> bytes:
        return self._cipher.decrypt(self._nonce(), ciphertext, header)

    def _nonce(self) -> bytes:
        nonce = (self._iv ^ self._count).to_bytes(12, "big")
        self._count += 1
        return nonce


def _ours_finished(secret: bytes, transcript: bytes) -> bytes:
    message = bytes([FINISHED]) + sized(3, _verify_data(secret, transcript))
    return _Protection(secret).seal(message + bytes([HANDSHAKE]))


def _verify_data(secret: bytes, transcript: bytes) -> bytes:
    key = _expand(secret, b"finished", b"", 32)
    return hmac.digest(key, sha256(transcript).digest(), "sha256")


def _extract(salt: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt, secret, "sha256")


def _derive(secret: bytes, label: bytes, transcript: bytes) -> bytes:
    return _expand(secret, label, sha256(transcript).digest(), 32)


def _expand(secret: bytes, label: bytes, context: bytes, octets: int) -> bytes:
    info = u16(octets) + sized(1, b"tls13 " + label) + sized(1, context)
    return HKDFExpand(hashes.SHA256(), octets, info).derive(secret)


def _key_share(server_hello: bytes) -> bytes:
    at = 4 + 2 + 32
    at += 1 + server_hello[at] + 2 + 1
    return _extensions(server_hello[at + 2 :])[hello.KEY_SHARE]


def _extensions(octets: bytes) -> dict[int, bytes]:
    found = {}
    while octets:
        end = 4 + int.from_bytes(octets[2:4], "big")
        found[int.from_bytes(octets[:2], "big")] = octets[4:end]
        octets = octets[end:]
    return found
