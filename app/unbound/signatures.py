"""Do forwarders pass on the signatures that names are validated with? One that leaves them out fails every name."""

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from app.config.forwarding import Forwarder

UNABLE = {dns.rcode.NOERROR, dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.REFUSED}


def left_out_by(forwarders: Sequence[Forwarder], ca_bundle: Path, timeout_s: float = 3.0) -> list[Forwarder]:
    """Those of `forwarders` that answer, but not with the root's keys and their signatures (RFC 4035 3.2.1)."""

    async def ask_all() -> list[bool]:
        return await asyncio.gather(*(_leaves_out(each, ca_bundle, timeout_s) for each in forwarders))

    return [each for each, leaves_out in zip(forwarders, asyncio.run(ask_all()), strict=True) if leaves_out]


async def _leaves_out(forwarder: Forwarder, ca_bundle: Path, timeout_s: float) -> bool:
    flags = dns.flags.RD | dns.flags.CD
    query = dns.message.make_query(".", "DNSKEY", want_dnssec=True, payload=1232, flags=flags)
    address, port, name = str(forwarder.address), forwarder.port, forwarder.tls_name
    try:
        async with asyncio.timeout(timeout_s):
            if name is None:
                response, _ = await dns.asyncquery.udp_with_fallback(query, address, None, port, ignore_unexpected=True)
            else:
                context = ssl.create_default_context(cafile=ca_bundle)
                response = await dns.asyncquery.tls(
                    query, address, None, port, ssl_context=context, server_hostname=name
                )
    except (TimeoutError, OSError, EOFError, dns.exception.DNSException):
        return False  # who does not answer leaves nothing out
    if response.rcode() not in UNABLE:
        return False
    found = response.get_rrset(
        response.answer, dns.name.root, dns.rdataclass.IN, dns.rdatatype.RRSIG, dns.rdatatype.DNSKEY
    )
    return found is None
