"""What the doctor asks of TLS: who is let in, who is not, and does it remember?"""

import os
import ssl
import struct

import dns.message

from app.doctor import probe
from app.doctor.target import Box, CheckResult, fails, passes

TLS_1_1, TLS_1_2 = 0x0302, 0x0303
_ALERT, _HANDSHAKE, _SERVER_HELLO = 21, 22, b"\2"
# What servers of 2006 to 2018 had: with RSA or ECDSA certificates, and the signal that none is renegotiated.
_OLD_CIPHERS = bytes.fromhex("c009 c00a c013 c014 002f 0035 000a 00ff")


def alpn_dot(box: Box) -> CheckResult:
    with box.connect(probe.unverified("dot")) as connection:
        if connection.alpn == "dot":
            return passes("a client that offers dot gets dot")
    return fails("a client that offers dot does not get it", box.another_program)


def alpn_none(box: Box) -> CheckResult:
    with box.connect(probe.unverified()):
        return passes("a client that offers nothing, as most phones do, is let in")


def alpn_h2(box: Box) -> CheckResult:
    """RFC 7301 3.2: no common protocol is answered with the fatal alert no_application_protocol (120)."""
    try:
        with box.connect(probe.unverified("h2")):
            return fails("a client that speaks only HTTP is let in", box.another_program)
    except ssl.SSLError as error:
        if "no application protocol" in probe.describe(error):
            return passes("a client that speaks only HTTP is refused with alert 120")
        detail = f"a client that speaks only HTTP is refused without alert 120: {probe.describe(error)}"
        return fails(detail, box.another_program)


def tls_1_1(box: Box) -> CheckResult:
    """RFC 8996: versions before 1.2 are refused.

    The hello is written here, because this machine's OpenSSL may rightly not be able to speak so old a version.
    """
    reply = probe.first_record(str(box.address), box.port, old_hello(box.hostname), box.timeout_s)
    if not reply:
        return passes("a client that speaks only TLS 1.1 is refused")
    if reply[0] == _ALERT and len(reply) >= 7:  # after type, version and length: level, description
        return passes(f"a client that speaks only TLS 1.1 is refused with alert {reply[6]}")
    if reply[0] == _HANDSHAKE and reply[5:6] == _SERVER_HELLO and int.from_bytes(reply[9:11], "big") < TLS_1_2:
        return fails("a client that speaks only TLS 1.1 is let in", box.another_program)
    return fails("a client that speaks only TLS 1.1 is answered with something that is not TLS", box.another_program)


def old_hello(hostname: str) -> bytes:
    """A ClientHello whose newest version is TLS 1.1 (RFC 4346 7.4.1.2), with SNI and the curves of its time."""
    name = hostname.encode("ascii")
    server_name = struct.pack("!HBH", len(name) + 3, 0, len(name)) + name
    extensions = b"".join(
        struct.pack("!HH", code, len(data)) + data
        for code, data in ((0, server_name), (10, bytes.fromhex("0004 0017 0018")), (11, bytes.fromhex("01 00")))
    )
    body = struct.pack("!H", TLS_1_1) + os.urandom(32) + b"\0"
    body += (
        struct.pack("!H", len(_OLD_CIPHERS)) + _OLD_CIPHERS + b"\1\0" + struct.pack("!H", len(extensions)) + extensions
    )
    message = b"\1" + len(body).to_bytes(3, "big") + body
    return struct.pack("!BHH", _HANDSHAKE, 0x0301, len(message)) + message


def no_sni(box: Box) -> CheckResult:
    """Android's automatic mode, dig and DDR clients (RFC 9462 4.2) name no server."""
    with box.connect(probe.unverified("dot")) as connection:
        named = connection.certificate()
    with box.connect(probe.unverified("dot"), sni=False) as connection:
        if connection.certificate() == named:
            return passes("a client that names no server gets the same certificate")
    return fails("a client that names no server gets another certificate", box.another_program)


def resumption(box: Box) -> CheckResult:
    """RFC 7858 3.4: a phone that comes back need not do the whole handshake again."""
    context = probe.unverified("dot")
    with box.connect(context) as connection:
        connection.ask(dns.message.make_query("localhost.", "A").to_wire())
        session = connection.session
    if session is not None and session.has_ticket:
        with box.connect(context, session) as connection:
            if connection.is_resumed:
                return passes("a client that comes back is recognised")
    return fails("a client that comes back does the whole handshake again", box.another_program)
