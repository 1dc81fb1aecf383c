"""Can this network reach the root servers? For `resolver.mode: auto`: recurse where it can, forward where it cannot.

A network that blocks port 53 gives no answer. One that rewrites it answers from a resolver of its own: such an answer
lacks AA (RFC 1035 4.1.1), or its DNSKEY RRset is not signed by the trust anchor (RFC 4035 5.3).
"""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import dns.asyncquery
import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zonefile
from dns.rdtypes.ANY.RRSIG import RRSIG

from app.config.forwarding import Forwarder
from app.errors import OperatorError

SERVERS_ASKED = 3  # of each address family: one lost packet must not decide
CONNECT_TIMEOUT_S = 1.0
ROOT_ANSWERED = "a root server answered"
REWRITTEN = "port 53 is rewritten on this network"

Outcomes = Literal["genuine", "early", "late", "false", "silent", "unroutable"]
"""Of a root server: genuine, but by our clock its signatures are yet to begin, or have ended; somebody else's; none;
not even asked, as no route leads there."""
_REACHED: set[Outcomes] = {"genuine", "early", "late"}
_DNS_PORT = 53


@dataclass(frozen=True, slots=True)
class Choice:
    """How to resolve, and why: `reason` completes a log line like "recursive: a root server answered".

    One that is not `settled` was made without reaching anybody: the same question later may have another answer.
    """

    mode: str
    reason: str
    settled: bool = True


async def choose(
    root_hints: Path, trust_anchor: Path, forwarders: Sequence[Forwarder], ca_bundle: Path, timeout_s: float = 1.5
) -> Choice:
    """Ask root servers, then shake hands with `forwarders`; takes `timeout_s` + CONNECT_TIMEOUT_S at most.

    Only a forwarder that proves its name with a certificate from `ca_bundle` counts: what rewrites port 53 may sit on
    port 853 as well.

    `root_hints` is a zone file with the addresses of the root servers, `trust_anchor` one with DS or DNSKEY records
    of the root. Trouble on the network decides the choice and is never raised; OperatorError is, for files that
    cannot be used.
    """
    outcomes = await ask_root(root_hints, trust_anchor, timeout_s)
    if outcomes & _REACHED:
        return Choice("recursive", ROOT_ANSWERED)
    rewritten = "false" in outcomes
    if await _any_reachable(forwarders, ca_bundle):
        return Choice("forward", REWRITTEN if rewritten else "port 53 is blocked on this network")
    if rewritten:
        return Choice("recursive", f"{REWRITTEN}, and no forwarder can be reached", False)
    return Choice("recursive", "no network yet", False)


async def ask_root(root_hints: Path, trust_anchor: Path, timeout_s: float) -> set[Outcomes]:
    """What root servers answered, as far as it was awaited: the first genuine answer ends it. Raises OperatorError for
    files that cannot be used."""
    servers, anchors = root_servers(root_hints), _records("resolver.trust_anchor", trust_anchor)
    tasks = [asyncio.create_task(_ask(server, anchors, timeout_s)) for server in servers]
    outcomes: set[Outcomes] = set()
    try:
        for outcome in asyncio.as_completed(tasks):
            outcomes.add(await outcome)
            if "genuine" in outcomes:
                break
    finally:
        await _end(tasks)
    return outcomes


def root_servers(root_hints: Path) -> list[str]:
    """Addresses of SERVERS_ASKED of each family. Raises OperatorError."""
    records = _records("resolver.root_hints", root_hints)
    by_family = (
        [rdata.address for rrset in records if rrset.rdtype.name == rdtype for rdata in rrset]
        for rdtype in ("A", "AAAA")
    )
    return [address for addresses in by_family for address in addresses[:SERVERS_ASKED]]


def root_keys(port: int, timeout_s: float = 5.0) -> bytes:
    """The response of the unbound on `port` of this machine to the question for the root's DNSKEY RRset, not believed;
    empty if there is none."""
    query = dns.message.make_query(".", "DNSKEY", want_dnssec=True, flags=dns.flags.RD | dns.flags.CD)
    try:
        return dns.query.tcp(query, "127.0.0.1", timeout_s, port).to_wire()
    except (dns.exception.DNSException, OSError, EOFError):
        return b""


def _records(setting: str, path: Path) -> list[dns.rrset.RRset]:
    try:
        return dns.zonefile.read_rrsets(path.read_text(encoding="utf-8"), rdclass=None, default_ttl=0)
    except OSError as error:
        raise OperatorError(
            f"{setting}: {path} cannot be read: {error.strerror}: apt install dns-root-data, or name a file that exists"
        ) from None
    except (dns.exception.DNSException, UnicodeDecodeError) as error:
        raise OperatorError(f"{setting}: {path} must be a zone file: {error}") from None


async def _ask(server: str, anchors: Sequence[dns.rrset.RRset], timeout_s: float) -> Outcomes:
    if not has_route(server):
        return "unroutable"
    query = dns.message.make_query(".", "DNSKEY", want_dnssec=True, payload=1232, flags=0)
    try:
        async with asyncio.timeout(timeout_s):
            response, _ = await dns.asyncquery.udp_with_fallback(query, server, ignore_unexpected=True)
    except (TimeoutError, dns.exception.Timeout, OSError, EOFError):
        return "silent"
    except dns.exception.DNSException:
        return "false"
    return _judged(response, anchors)


def _judged(response: dns.message.Message, anchors: Sequence[dns.rrset.RRset]) -> Outcomes:
    """Does the root itself say this: AA is set, and a key that `anchors` trust signs the DNSKEY RRset?"""
    root, internet = dns.name.root, dns.rdataclass.IN
    keys = response.get_rrset(response.answer, root, internet, dns.rdatatype.DNSKEY)
    signatures = response.get_rrset(response.answer, root, internet, dns.rdatatype.RRSIG, dns.rdatatype.DNSKEY)
    if not response.flags & dns.flags.AA or keys is None or signatures is None:
        return "false"
    trusted = [key for key in keys if _is_anchored(key, anchors)]
    for signature in signatures if trusted else ():
        with contextlib.suppress(dns.exception.DNSException):
            # Judged at its own time: a box without a battery starts with a wrong clock, and the answer is the root's
            # all the same.
            dns.dnssec.validate_rrsig(
                keys, signature, {root: dns.rrset.from_rdata_list(root, keys.ttl, trusted)}, now=signature.inception
            )
            return timely(signature)
    return "false"


def has_route(address: str) -> bool:
    """Whether this machine knows a way there. Nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as own:
            own.connect((address, _DNS_PORT))
    except OSError:  # of a kernel without IPv6 too
        return False
    return True


def timely(signature: dns.rdata.Rdata) -> Literal["genuine", "early", "late"]:
    """What our clock says of the time of a genuine RRSIG."""
    now_s, rrsig = time.time(), cast(RRSIG, signature)
    return "early" if now_s < rrsig.inception else "late" if now_s > rrsig.expiration else "genuine"


def _is_anchored(key: dns.rdata.Rdata, anchors: Sequence[dns.rrset.RRset]) -> bool:
    for anchor in (rdata for rrset in anchors for rdata in rrset):
        if anchor == key:
            return True
        if anchor.rdtype == dns.rdatatype.DS:
            with contextlib.suppress(dns.exception.DNSException):  # a digest that is unknown here proves nothing
                if dns.dnssec.make_ds(dns.name.root, key, anchor.digest_type, validating=True) == anchor:
                    return True
    return False


async def _any_reachable(forwarders: Sequence[Forwarder], ca_bundle: Path) -> bool:
    encrypted = [forwarder for forwarder in forwarders if forwarder.tls_name is not None]
    if not encrypted:
        return False
    try:
        context = ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:
        raise OperatorError(f"resolver.ca_bundle: {ca_bundle} cannot be used: {error}: set another") from error

    tasks = [asyncio.create_task(_proves_itself(forwarder, context)) for forwarder in encrypted]
    try:
        for connected in asyncio.as_completed(tasks):
            if await connected:
                return True
    finally:
        await _end(tasks)
    return False


async def _proves_itself(forwarder: Forwarder, context: ssl.SSLContext) -> bool:
    name, address = forwarder.tls_name, str(forwarder.address)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, writer = await asyncio.open_connection(address, forwarder.port, ssl=context, server_hostname=name)
            writer.close()
            await writer.wait_closed()
    except (TimeoutError, OSError):
        return False
    return True


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
