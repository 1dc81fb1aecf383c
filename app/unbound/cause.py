"""Why do names not resolve? Whoever unbound asks is asked past it, once each: root servers, or the forwarders.

What is found is told by the kinds of `doctor.condition`, as text.
"""

import asyncio
import secrets
import ssl
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from app.config.forwarding import Forwarder

from .reach import ask_root, has_route, timely
from .signatures import UNABLE

_EARLY, _LATE = "to be from the future", "to have expired"
_FAILING = frozenset({dns.rcode.SERVFAIL, dns.rcode.REFUSED})
_DATES = frozenset({9, 10})
"""What OpenSSL calls a certificate that is not yet valid, or no more (x509_vfy.h)."""

State = Literal["fine", "unroutable", "silent", "certificate", "unsigned", "early", "late", "failing"]


class CauseFound(NamedTuple):
    """`kind` is "well" if nothing is wrong; `about` completes its sentence; `remark` says what is not quite right all
    the same."""

    kind: str
    about: str = ""
    remark: str = ""


class _Look(NamedTuple):
    """How one forwarder is; `why` in somebody else's words, of a certificate."""

    name: str
    state: State
    why: str = ""


async def of_recursion(root_hints: Path, trust_anchor: Path, timeout_s: float = 2.0) -> CauseFound:
    """What keeps the root from us. Raises OperatorError for files that cannot be used."""
    outcomes = await ask_root(root_hints, trust_anchor, timeout_s)
    if "genuine" in outcomes:
        return CauseFound("well")
    if "early" in outcomes or "late" in outcomes:
        return CauseFound("clock_wrong", _EARLY if "early" in outcomes else _LATE)
    if "false" in outcomes:
        return CauseFound("rewritten")
    return CauseFound("unreachable" if "silent" in outcomes else "no_network")


async def of_forwarders(forwarders: Sequence[Forwarder], ca_bundle: Path, timeout_s: float = 3.0) -> CauseFound:
    """What is the matter with them; each is asked twice at most."""
    return weighed(await asyncio.gather(*(_look(each, ca_bundle, timeout_s) for each in forwarders)))


def weighed(looks: Sequence[_Look]) -> CauseFound:
    """One that is fine is enough; else what can be mended comes before what can only be waited for."""
    of: dict[State, list[_Look]] = {}
    for look in looks:
        of.setdefault(look.state, []).append(look)
    if "fine" in of:
        others = [f"the forwarder {each.name} {_REMARKS[each.state]}" for each in looks if each.state != "fine"]
        return CauseFound("well", remark="; ".join(others))
    for state, kind in _KINDS.items():
        if state in of:
            about = ", ".join(f"{each.name} ({each.why})" if each.why else each.name for each in of[state])
            return CauseFound(kind, _ABOUT.get(state, about))
    return CauseFound("no_network")


_KINDS: dict[State, str] = {
    "early": "clock_wrong",
    "late": "clock_wrong",
    "certificate": "forwarder_certificate",
    "unsigned": "forwarder_not_validating",
    "failing": "unreachable",
    "silent": "forwarder_silent",
}
"""In the order of what is told first."""
_ABOUT: dict[State, str] = {"early": _EARLY, "late": _LATE, "failing": ""}
_REMARKS: dict[State, str] = {
    "unroutable": "cannot be reached, another one can",
    "silent": "does not answer, another one does",
    "certificate": "cannot prove its name, another one can",
    "unsigned": "leaves DNSSEC signatures out, another one does not",
    "early": "", "late": "",
    "failing": "fails, another one does not",
}  # fmt: skip


async def _look(forwarder: Forwarder, ca_bundle: Path, timeout_s: float) -> _Look:
    name = forwarder.tls_name or str(forwarder.address)
    if not has_route(str(forwarder.address)):
        return _Look(name, "unroutable")
    try:
        async with asyncio.timeout(timeout_s):
            state = state_of(await _ask(forwarder, _keys_query(), _context(forwarder, ca_bundle)))
    except ssl.SSLCertVerificationError as error:
        return await _with_wrong_certificate(forwarder, name, error, timeout_s)
    except (TimeoutError, OSError, EOFError, dns.exception.DNSException):
        return _Look(name, "silent")
    return _Look(name, "failing" if state == "fine" and await _fails(forwarder, ca_bundle, timeout_s) else state)


async def _fails(forwarder: Forwarder, ca_bundle: Path, timeout_s: float) -> bool:
    """Whether it answers, but has nobody to ask itself."""
    try:
        async with asyncio.timeout(timeout_s):
            fresh = await _ask(forwarder, _fresh_query(), _context(forwarder, ca_bundle))
    except (TimeoutError, OSError, EOFError, dns.exception.DNSException):
        return True
    return fresh.rcode() in _FAILING


def state_of(keys: dns.message.Message) -> State:
    """What the response to the question for the root's keys says: are they signed (RFC 4035 3.2.1), and now?"""
    if keys.rcode() not in UNABLE:
        return "failing"
    root, internet = dns.name.root, dns.rdataclass.IN
    signatures = keys.get_rrset(keys.answer, root, internet, dns.rdatatype.RRSIG, dns.rdatatype.DNSKEY)
    if signatures is None:
        return "unsigned"
    times = {timely(each) for each in signatures}
    return "fine" if "genuine" in times else "early" if "early" in times else "late"


async def _with_wrong_certificate(
    forwarder: Forwarder, name: str, error: ssl.SSLCertVerificationError, timeout_s: float
) -> _Look:
    """Its dates seem wrong to a clock that is wrong: what the root has signed tells which of the two it is."""
    if error.verify_code in _DATES:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            async with asyncio.timeout(timeout_s):
                state = state_of(await _ask(forwarder, _keys_query(), context))
        except (TimeoutError, OSError, EOFError, dns.exception.DNSException):
            state = "silent"
        if state in ("early", "late"):
            return _Look(name, state)
    return _Look(name, "certificate", error.verify_message)


async def _ask(
    forwarder: Forwarder, query: dns.message.QueryMessage, context: ssl.SSLContext | None
) -> dns.message.Message:
    address, port = str(forwarder.address), forwarder.port
    if context is None:
        response, _ = await dns.asyncquery.udp_with_fallback(query, address, None, port, ignore_unexpected=True)
        return response
    reader, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=forwarder.tls_name)
    try:
        octets = query.to_wire()
        writer.write(len(octets).to_bytes(2, "big") + octets)
        length = int.from_bytes(await reader.readexactly(2), "big")
        return dns.message.from_wire(await reader.readexactly(length))
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def _context(forwarder: Forwarder, ca_bundle: Path) -> ssl.SSLContext | None:
    return ssl.create_default_context(cafile=ca_bundle) if forwarder.tls_name else None


def _keys_query() -> dns.message.QueryMessage:
    return dns.message.make_query(".", "DNSKEY", want_dnssec=True, payload=1232, flags=dns.flags.RD | dns.flags.CD)


def _fresh_query() -> dns.message.QueryMessage:
    """About a name that is in nobody's cache."""
    return dns.message.make_query(f"{secrets.token_hex(8)}.com.", "A", want_dnssec=True, payload=1232)
