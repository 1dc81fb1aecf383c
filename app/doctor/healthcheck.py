"""Is the front door alive? One query over one TLS connection to loopback, for what runs it every 30 s.

It asks only what this box answers by itself: an internet connection that is down is no reason to restart it.
"""

import os
import struct

from app import dnsname
from app.doctor import probe
from app.errors import OperatorError

NAME = "health.invalid"
"""Known to our unbound alone, and left to it by the front door: so an answer shows that both are there."""
LOG = "see the container's log for what dot says"


def check(port: int, hostname: str, timeout_s: float, address: str) -> None:
    """Ask `address`, one of loopback, on `port` and from itself for NAME's address, all within `timeout_s` seconds.

    Raises OperatorError unless a certificate for `hostname` is presented, ALPN is `dot` and the answer is NOERROR.
    Whether devices can trust the certificate is the doctor's question: this process may not read the root.
    """
    where = f"DNS over TLS on port {port}"
    query = _query()
    try:
        context = probe.unverified("dot")
        with probe.connect(address, port, context, hostname, timeout_s, source=address) as connection:
            if not _names(connection.certificate(), hostname):
                raise OperatorError(
                    f"{where}: the certificate is not for {hostname}: restart the container to renew it"
                )
            if connection.alpn != "dot":
                raise OperatorError(f"{where}: ALPN dot was not selected: is another program on this port?")
            answer = connection.ask(query)
    except TimeoutError:
        raise OperatorError(f"{where}: no answer within {timeout_s:g} s: {LOG}") from None
    except OSError as error:
        raise OperatorError(f"{where}: {probe.describe(error)}: {LOG}") from error
    if len(answer) < 12 or answer[:2] != query[:2] or not answer[2] & 0x80:
        raise OperatorError(f"{where}: what came back is not an answer to the query: is another program on this port?")
    if answer[3] & 0x0F:
        raise OperatorError(f"{where}: {NAME} was answered with RCODE {answer[3] & 0x0F}, not NOERROR: {LOG}")


def _query() -> bytes:
    """NAME, type A, with RD, under a random id (RFC 1035 4.1).

    It wishes for keepalive (RFC 7828): that value belongs to the connection, so the answer comes from unbound and not
    from the front door's cache, and an unbound that hangs is noticed.
    """
    header = os.urandom(2) + struct.pack("!5H", 0x0100, 1, 0, 0, 1)
    opt = b"\0" + struct.pack("!HHIHHH", 41, 1232, 0, 4, 11, 0)
    return header + dnsname.to_wire(NAME) + struct.pack("!2H", 1, 1) + opt


def _names(certificate: bytes, hostname: str) -> bool:
    """Whether a DER certificate holds a dNSName ([2] IA5String, RFC 5280 4.2.1.6) of `hostname` or its wildcard."""
    return any(_dns_name(name) in certificate.lower() for name in dnsname.certificate_names(hostname))


def _dns_name(name: str) -> bytes:
    length = len(name).to_bytes(1, "big")
    return (b"\x82" + (length if len(name) < 128 else b"\x81" + length) + name.encode()).lower()
