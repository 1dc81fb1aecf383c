"""Hellos that no library sends: unknown versions, old ones, weak suites, large ones, and what is no hello at all."""

import time
from contextlib import suppress

import pytest

from . import hello
from .conftest import Door
from .handmade import HANDSHAKE, Alert, Handmade, Key
from .hello import GREASE, P_256, P_384, TLS_1_2, TLS_1_3, X448, X25519, X25519MLKEM768, records

pytestmark = pytest.mark.server

UNEXPECTED_MESSAGE, RECORD_OVERFLOW, HANDSHAKE_FAILURE, ILLEGAL_PARAMETER = 10, 22, 40, 47
DECODE_ERROR, PROTOCOL_VERSION, INAPPROPRIATE_FALLBACK = 50, 70, 86
RENEGOTIATION_INFO_SCSV, FALLBACK_SCSV = 0x00FF, 0x5600
CHECKED_DOWNGRADE = b"DOWNGRD\1"
"""In the random of a ServerHello of TLS 1.2 by a server that could do 1.3 (RFC 8446 4.1.3)."""


def first_message(door: Door, octets: bytes) -> bytes:
    """The server's first message after `octets`. Raises Alert."""
    with Handmade(door.port) as client:
        client.write(octets)
        kind, content = client.record()
        assert kind == HANDSHAKE
        return content


def alert(door: Door, octets: bytes) -> int:
    """The description of the alert that is the whole answer to `octets`."""
    with Handmade(door.port) as client:
        client.write(octets)
        with pytest.raises(Alert) as caught:
            client.record()
        assert client.read_to_end() == b""
    return caught.value.description


def key_share() -> dict[int, bytes]:
    return {X25519: Key(X25519).share}


# --- versions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [0x0301, 0x0302], ids=["TLS 1.0", "TLS 1.1"])
def test_old_versions_get_protocol_version(door: Door, version: int) -> None:
    assert alert(door, records(hello.old_hello(version))) == PROTOCOL_VERSION


def test_ssl_3_is_refused_with_an_alert(door: Door) -> None:
    assert alert(door, records(hello.old_hello(0x0300))) in {HANDSHAKE_FAILURE, PROTOCOL_VERSION}


def test_tls_1_3_is_preferred_whatever_the_clients_order(door: Door) -> None:
    message = hello.hello(versions=(TLS_1_2, TLS_1_3), ciphers=(0xC02B, 0x1301), shares=key_share())
    assert hello.u16(TLS_1_3) in first_message(door, records(message))[-60:]


@pytest.mark.parametrize("version", [0x0303, 0x0304, 0x03FF, 0x0400, 0xFFFF])
def test_a_client_of_1_2_gets_1_2_and_the_mark_of_a_server_that_could_more(door: Door, version: int) -> None:
    answer = first_message(door, records(hello.old_hello(version)))
    assert answer[4:6] == hello.u16(TLS_1_2)
    assert answer[30:38] == CHECKED_DOWNGRADE


def test_versions_of_the_future_are_passed_over(door: Door) -> None:
    message = hello.hello(versions=(GREASE, 0x0305, 0x7F1C, TLS_1_3), shares=key_share())
    assert first_message(door, records(message))[0] == 2


def test_versions_of_the_future_alone_get_protocol_version(door: Door) -> None:
    assert alert(door, records(hello.hello(versions=(GREASE, 0x0305)))) == PROTOCOL_VERSION


def test_a_fallback_to_1_2_is_refused(door: Door) -> None:
    """RFC 7507: this server can do better, so somebody is in between."""
    assert alert(door, records(hello.old_hello(ciphers=(0xC02B, FALLBACK_SCSV)))) == INAPPROPRIATE_FALLBACK


@pytest.mark.parametrize("version", [0x0300, 0x0303, 0x0304, 0x03FF])
def test_the_version_of_the_record_is_of_no_account(door: Door, version: int) -> None:
    assert first_message(door, records(hello.hello(shares=key_share()), version=version))[0] == 2


# --- suites, compression, groups --------------------------------------------------------------------------------------

WEAK = {
    "ECDHE-CBC-SHA256": 0xC023,
    "ECDHE-CBC-SHA": 0xC009,
    "ECDHE-3DES": 0xC008,
    "ECDHE-RC4": 0xC007,
    "ECDHE-NULL": 0xC006,
    "ECDH-static": 0xC004,
    "DHE-GCM": 0x009E,
    "RSA-GCM": 0x009C,
    "RSA-CBC": 0x002F,
    "PSK": 0x00A8,
    "anonymous": 0xC018,
    "CCM-8": 0xC0AE,
}


@pytest.mark.parametrize("cipher", WEAK.values(), ids=WEAK)
def test_only_ecdhe_with_aead_is_spoken(door: Door, cipher: int) -> None:
    assert alert(door, records(hello.old_hello(ciphers=(cipher, RENEGOTIATION_INFO_SCSV)))) == HANDSHAKE_FAILURE


@pytest.mark.parametrize("cipher", [0xC02B, 0xC02C, 0xCCA9], ids=["AES-128-GCM", "AES-256-GCM", "CHACHA20"])
def test_the_strong_suites_of_1_2_are_spoken(door: Door, cipher: int) -> None:
    answer = first_message(door, records(hello.old_hello(ciphers=(*WEAK.values(), cipher))))
    chosen = 39 + answer[38]
    assert answer[chosen : chosen + 2] == hello.u16(cipher)


def test_nothing_is_compressed(door: Door) -> None:
    answer = first_message(door, records(hello.old_hello(compressions=b"\1\0")))
    assert answer[39 + answer[38] + 2] == 0


def test_a_client_that_insists_on_compression_is_refused(door: Door) -> None:
    assert alert(door, records(hello.old_hello(compressions=b"\1"))) in {ILLEGAL_PARAMETER, DECODE_ERROR}
    assert alert(door, records(hello.hello(compressions=b"\1\0", shares=key_share()))) == ILLEGAL_PARAMETER


FFDHE_2048, FFDHE_8192 = 0x0100, 0x0104
GROUPS = {"X25519": X25519, "P-256": P_256, "P-384": P_384, "X448": X448}


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_agrees_on_any_sound_group(door: Door, group: int) -> None:
    with Handmade(door.port) as client:
        client.handshake({group: Key(group)})
        client.ask(b"hello")
        assert client.answers() == b"\0\5hello"
        assert (client.group, client.alpn, client.retried) == (group, b"dot", False)


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_asks_for_another_share_where_none_will_do(door: Door, group: int) -> None:
    """HelloRetryRequest: the client's only share is for a group that nobody knows."""
    with Handmade(door.port) as client:
        client.handshake({GREASE: b"\0", group: None})
        client.ask(b"hello")
        assert client.answers() == b"\0\5hello"
        assert (client.group, client.alpn, client.retried) == (group, b"dot", True)


@pytest.mark.parametrize(
    ("groups", "shares"), [((FFDHE_8192,), {FFDHE_8192: b"\2" * 1024}), ((GREASE, FFDHE_8192), {})]
)
def test_a_finite_field_alone_is_refused_before_it_costs_a_tenth_of_a_second(
    door: Door, groups: tuple[int, ...], shares: dict[int, bytes]
) -> None:
    assert alert(door, records(hello.hello(groups=groups, shares=shares))) == HANDSHAKE_FAILURE


FINITE_SHARE = b"\2" * 256


@pytest.mark.parametrize("group", [P_256, P_384], ids=["P-256", "P-384"])
@pytest.mark.parametrize("is_first", [True, False], ids=["share before it", "share after it"])
def test_a_curve_beside_a_finite_field_is_taken(door: Door, group: int, *, is_first: bool) -> None:
    """RFC 8446 4.1.1: what the client offers besides is no reason to refuse it."""
    key = Key(group)
    with Handmade(door.port) as client:
        client.handshake({FFDHE_2048: FINITE_SHARE, group: key} if is_first else {group: key, FFDHE_2048: FINITE_SHARE})
        client.ask(b"hello")
        assert client.answers() == b"\0\5hello"
        assert (client.group, client.retried) == (group, False)


def test_a_share_in_a_finite_field_alone_is_answered_by_the_wish_for_one_on_the_clients_curve(door: Door) -> None:
    with Handmade(door.port) as client:
        client.handshake({FFDHE_2048: FINITE_SHARE, P_256: None})
        client.ask(b"hello")
        assert client.answers() == b"\0\5hello"
        assert (client.group, client.retried) == (P_256, True)


@pytest.mark.parametrize("other", [Key(X25519), None], ids=["with a share", "after a retry"])
def test_a_post_quantum_hello_of_more_than_a_segment_is_served(door: Door, other: Key | None) -> None:
    with Handmade(door.port, segment_octets=1400) as client:
        client.handshake({X25519MLKEM768: hello.post_quantum_share(), X25519: other})
        if client.group == X25519MLKEM768:
            return  # an OpenSSL that knows the group took the share for good; the rest takes a client that knows it too
        client.ask(b"hello")
        assert client.answers() == b"\0\5hello"
        assert client.retried is (other is None)


def test_grease_everywhere_is_passed_over(door: Door) -> None:
    """RFC 8701: what is unknown is ignored, wherever it stands."""
    with Handmade(door.port) as client:
        message = hello.hello(
            versions=(GREASE, TLS_1_3),
            ciphers=(GREASE, hello.AES_128_GCM_SHA256),
            groups=(GREASE, X25519),
            shares={GREASE: b"\0", **key_share()},
            alpn=(hello.u16(GREASE), b"dot"),
            more=hello.extension(GREASE, b"") + hello.extension(0x6A6A, b"\0"),
        )
        client.write(records(message))
        assert client.record()[1][0] == 2


# --- size and shape ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("octets", [517, 4096, 16384, 16385, 40_000, 65_536])
@pytest.mark.parametrize("piece", [1000, 1 << 20])
def test_a_large_hello_is_read_whole(door: Door, octets: int, piece: int) -> None:
    with Handmade(door.port) as client:
        client.write(records(hello.padded_to(octets)), piece)
        assert client.record()[1][0] == 2


@pytest.mark.parametrize("more", [0, 1_000_000], ids=["alone", "with a megabyte after it"])
def test_a_hello_of_more_than_64_kib_is_refused(door: Door, more: int) -> None:
    assert alert(door, records(b"\1" + hello.sized(3, bytes(65_537))) + bytes(more)) == DECODE_ERROR


NO_HELLO = {
    "SSLv2": (bytes.fromhex("802e 01 0002 0015 0000 0010") + bytes(37), UNEXPECTED_MESSAGE),
    "SSLv2 that offers TLS": (bytes.fromhex("802e 01 0303 0015 0000 0010") + bytes(37), UNEXPECTED_MESSAGE),
    "HTTP": (b"GET / HTTP/1.1\r\nHost: dns.home.arpa\r\n\r\n", UNEXPECTED_MESSAGE),
    "plain DNS": (b"\0\x1d" + bytes(29), UNEXPECTED_MESSAGE),
    "zeros": (bytes(64), UNEXPECTED_MESSAGE),
    "an alert without content": (bytes.fromhex("15 0303 0000"), UNEXPECTED_MESSAGE),
    "a record without content": (bytes.fromhex("16 0303 0000"), UNEXPECTED_MESSAGE),
    "application data": (bytes.fromhex("17 0303 0001 00"), UNEXPECTED_MESSAGE),
    "a heartbeat": (bytes.fromhex("18 0302 0003 01 4000"), UNEXPECTED_MESSAGE),
    "another handshake message": (records(b"\2" + hello.sized(3, bytes(40))), UNEXPECTED_MESSAGE),
    "two hellos in one record": (records(hello.hello() + hello.hello()), UNEXPECTED_MESSAGE),
    "a record too long": (records(hello.padded_to(16_381), size=16_385), RECORD_OVERFLOW),
    "a hello cut short": (records(b"\1" + hello.sized(3, bytes(20))), DECODE_ERROR),
}


@pytest.mark.parametrize(("octets", "named"), NO_HELLO.values(), ids=NO_HELLO)
def test_c2_what_is_no_hello_gets_the_alert_that_rfc_8446_names_and_never_an_answer(
    door: Door, octets: bytes, named: int
) -> None:
    seen = len(door.seen)
    assert alert(door, octets) == named
    assert len(door.seen) == seen


@pytest.mark.parametrize("followed_by", [1, 100_000, 4_000_000])
def test_no_alert_is_lost_to_a_reset_however_much_comes_after_what_it_is_about(door: Door, followed_by: int) -> None:
    for octets, named in NO_HELLO.values():
        assert alert(door, octets + bytes(followed_by)) == named


def test_a_client_that_keeps_sending_after_its_alert_is_left_within_two_seconds(door: Door) -> None:
    with Handmade(door.port) as client:
        client.write(bytes(5))
        begin_s = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - begin_s < 10:
                client.write(bytes(100))
                time.sleep(0.01)
        assert time.monotonic() - begin_s < 2


@pytest.mark.parametrize("octets", [bytes(64), records(hello.old_hello(0x0301))], ids=["garbage", "TLS 1.0"])
def test_c2_a_query_in_the_clear_after_a_failed_handshake_is_not_answered(door: Door, octets: bytes) -> None:
    query = hello.sized(2, b"a query in the clear")
    with Handmade(door.port) as client:
        client.write(octets + query)
        with pytest.raises(Alert):
            client.record()
        assert client.read_to_end() == b""
    assert b"a query in the clear" not in door.seen
