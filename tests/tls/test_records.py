"""What may come after the handshake, and what may not: records without content, new keys, alerts, damage."""

import hmac
import socket
import ssl
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import hello
from .conftest import Door
from .handmade import ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, Alert, Handmade

pytestmark = pytest.mark.server

UNEXPECTED_MESSAGE, BAD_RECORD_MAC, RECORD_OVERFLOW = 10, 20, 22


@pytest.fixture
def client(door: Door) -> Iterator[Handmade]:
    """Its handshake is done."""
    with Handmade(door.port) as connected:
        connected.handshake()
        yield connected


def ended_with(client: Handmade) -> int:
    """The alert that comes next, and is the last of all."""
    with pytest.raises(Alert) as caught:
        client.answers()
    assert client.read_to_end() == b""
    return caught.value.description


def test_c4_every_answer_is_one_record_with_its_length(client: Handmade) -> None:
    for size in (12, 100, 468, 4096, 16382):
        message = bytes([size % 251]) * size
        client.ask(message)
        assert client.answers() == hello.sized(2, message)


def test_c4_an_answer_longer_than_a_record_begins_with_its_length_and_fills_its_records(client: Handmade) -> None:
    message = bytes(range(256)) * 100
    for at in range(0, len(message) + 2, 16000):  # a record of ours holds no more either
        client.send_record(APPLICATION_DATA, hello.sized(2, message)[at : at + 16000])
    first, second = client.answers(), client.answers()
    assert len(first) == 16384
    assert first + second == hello.sized(2, message)


def test_c4_no_more_records_than_answers_when_many_are_asked_at_once(client: Handmade) -> None:
    messages = [b"query number %02d" % number for number in range(50)]
    sent = b"".join(hello.sized(2, message) for message in messages)
    client.send_record(APPLICATION_DATA, sent)
    records: list[bytes] = []
    while len(b"".join(records)) < len(sent):
        records.append(client.answers())
    assert len(records) <= len(messages)
    assert b"".join(records) == sent


def test_c5_length_and_message_may_come_in_records_of_their_own(client: Handmade) -> None:
    for part in (b"\0", b"\5", b"he", b"llo"):
        client.send_record(APPLICATION_DATA, part)
    assert client.answers() == b"\0\5hello"


def test_new_keys_are_taken_and_given_when_asked_for(client: Handmade) -> None:
    for round_ in range(1, 4):
        client.update_key(requested=True)
        client.ask(b"hello")
        assert client.answers() == b"\0\5hello"
        assert client.key_updates == round_
    client.update_key(requested=False)
    client.ask(b"hello")
    assert client.answers() == b"\0\5hello"
    assert client.key_updates == 3


def test_records_without_content_are_passed_over(client: Handmade) -> None:
    for _ in range(10):
        client.send_record(APPLICATION_DATA, b"")
    client.ask(b"hello")
    assert client.answers() == b"\0\5hello"


def test_a_flood_of_records_without_content_is_ended(client: Handmade) -> None:
    with pytest.raises((Alert, ConnectionError)):
        for _ in range(1000):
            client.send_record(APPLICATION_DATA, b"")
        client.answers()


def test_padding_of_records_is_taken_off(client: Handmade) -> None:
    client.send_record(0, b"\0\5hello" + bytes([APPLICATION_DATA]) + bytes(500))
    assert client.answers() == b"\0\5hello"


@pytest.mark.parametrize("kind", [HANDSHAKE, CHANGE_CIPHER_SPEC, 24, 99])
def test_a_record_of_a_kind_that_has_no_place_here_ends_the_connection(client: Handmade, kind: int) -> None:
    client.send_record(kind, b"")
    assert ended_with(client) == UNEXPECTED_MESSAGE


def test_an_alert_without_content_ends_the_connection(client: Handmade) -> None:
    client.send_record(ALERT, b"")
    assert ended_with(client) in {UNEXPECTED_MESSAGE, 50}


def test_c12_a_client_that_says_goodbye_gets_one_back(client: Handmade) -> None:
    client.send_record(ALERT, b"\1\0")
    assert ended_with(client) == 0


def test_a_damaged_record_is_answered_with_bad_record_mac(client: Handmade) -> None:
    client.write(bytes.fromhex("17 0303 0020") + bytes(32))
    assert ended_with(client) == BAD_RECORD_MAC


def test_a_record_longer_than_any_may_be_is_answered_with_record_overflow(client: Handmade) -> None:
    client.write(bytes.fromhex("17 0303 4200") + bytes(0x4200))
    with pytest.raises(Alert) as caught:
        client.answers()
    assert caught.value.description == RECORD_OVERFLOW


def test_a_second_hello_is_no_renegotiation(client: Handmade) -> None:
    client.send_record(HANDSHAKE, hello.hello())
    assert ended_with(client) == UNEXPECTED_MESSAGE


@pytest.mark.parametrize("octets", [bytes.fromhex("15 0303 0000"), bytes.fromhex("16 0303 0000")])
def test_records_without_content_in_the_middle_of_a_handshake_end_it(door: Door, octets: bytes) -> None:
    """Some versions of OpenSSL end it at the first, others wait for what comes after a few of them."""
    with Handmade(door.port) as client:
        client.write(hello.records(hello.hello()))
        client.record()
        with pytest.raises((Alert, EOFError, ConnectionError)):
            client.write(octets * 100)
            while True:
                client.record()


def test_renegotiation_that_is_declined_is_never_saved_up(door: Door, tmp_path: Path) -> None:
    """Each hello on TLS 1.2 is answered at once, also where a message comes along that gets no answer."""
    with socket.create_connection(("127.0.0.1", door.port), 10) as raw:
        seal = _handshake_of_1_2(raw, tmp_path / "secrets")
        again = hello.old_hello()
        raw.sendall(b"".join(seal(HANDSHAKE, again) for _ in range(50)) + seal(APPLICATION_DATA, b"\0\4none"))
        warnings = b""
        while len(warnings) < 50 * (5 + 8 + 2 + 16):  # header, nonce, alert, tag
            warnings += raw.recv(65536)
        assert warnings[0] == ALERT


def _handshake_of_1_2(raw: socket.socket, secrets: Path) -> Callable[[int, bytes], bytes]:
    """What makes records of TLS 1.2 that no library would send (RFC 5246 6.3, RFC 5288 3)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    context.keylog_filename = str(secrets)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing)
    received = b""
    while True:
        try:
            client.do_handshake()
            break
        except ssl.SSLWantReadError:
            raw.sendall(outgoing.read())
            received += (octets := raw.recv(65536))
            incoming.write(octets)
    client_random, master = map(bytes.fromhex, secrets.read_text().splitlines()[-1].split()[1:])
    server_random = received[11:43]  # after the headers of record and message, and the version
    seed = b"key expansion" + server_random + client_random
    block, link = b"", seed
    while len(block) < 40:
        link = hmac.digest(master, link, "sha256")
        block += hmac.digest(master, link + seed, "sha256")
    cipher, salt, numbers = AESGCM(block[:16]), block[32:36], count(1)

    def seal(kind: int, content: bytes) -> bytes:
        nonce = next(numbers).to_bytes(8, "big")
        header = bytes([kind, 3, 3])
        sealed = cipher.encrypt(salt + nonce, content, nonce + header + len(content).to_bytes(2, "big"))
        return header + (len(nonce) + len(sealed)).to_bytes(2, "big") + nonce + sealed

    return seal
