"""What the doctor asks first: the few faults that are behind most others, whose checks are not tried then."""

import secrets
import ssl
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import final

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
from cryptography import x509

from app import dnsname
from app.doctor import certificate_checks, dns_checks, probe
from app.doctor.target import SEE_LOG, Box, CheckResult, LookUp, cannot_tell, fails, not_tried, passes, warns

FRONT_DOOR, ADDRESS, CLOCK, INTERNET = "front door", "address", "clock", "internet"
SET_THE_CLOCK = (
    "set the clock of this machine right, best by NTP (`timedatectl set-ntp true`), then restart the container"
)
INTERNET_REMEDY = (
    "check this machine's internet connection, and that its port 53 is open outwards, UDP and TCP; if your provider"
    " closes it, set `resolver.mode` to forward"
)
_PATIENCE_S = 12.0
"""What has no server that answers is given up by the front door before."""


@final
class Stranger(OSError):
    """What answers at the address is not this box; the message says what it is like."""


def front_door(box: Box) -> CheckResult:
    """Does the program that answers devices say that it runs? It is asked on a way of its own."""
    if not box.front_door_fault:
        return passes("the program dot runs, and says so")
    try:
        _greet(box)
    except Stranger:
        return not_tried("another program has its port", ADDRESS)
    except OSError:
        running = "`docker compose ps` says whether the container runs, and `docker compose logs` why dot does not"
        return fails(f"dot, the program that answers devices, does not run: {box.front_door_fault}", running)
    return cannot_tell(
        f"dot answers devices, but not this command: {box.front_door_fault}",
        "run it in the container as root: docker compose exec homedot homedot doctor",
    )


def address(box: Box) -> CheckResult:
    """Is it this box that answers at its address, or nobody, or somebody else?"""
    where = f"{box.address} port {box.port}"
    try:
        _greet(box)
    except Stranger as stranger:
        has = f"; this machine says that the port is of {', '.join(box.holders)}" if box.holders else ""
        remedy = (
            f"end that program, or give it another port: `ss -ltnp 'sport = :{box.port}'` names it if it is on this"
            f" machine; if there is none, another machine of your network has the address {box.address}"
        )
        return fails(f"another program answers at {where}: {stranger}{has}", remedy)
    except OSError as error:
        if box.front_door_fault:
            return not_tried(f"nobody answers at {where}", FRONT_DOOR)
        if isinstance(error, TimeoutError):
            return fails(f"{where}: no answer within {box.timeout_s:g} s", f"{SEE_LOG}; a firewall may be in between")
        remedy = (
            f"check that the container publishes port {box.port}, and that {box.address} is an address of this machine:"
            " else set `addresses`"
        )
        return fails(f"dot runs, but nobody answers at {where}: {probe.describe(error)}", remedy)
    return passes(f"this box answers at {where}")


def clock(box: Box) -> CheckResult:
    """Nobody tells the time that could be believed: but what was made here was made before now, and the root's
    signatures are good now."""
    if box.clock_fault:
        return fails(box.clock_fault, SET_THE_CLOCK)
    now = datetime.now(UTC)
    try:
        _greet(box)
        own = box.certificates()[0]
        if box.root_pem is not None and own.not_valid_before_utc > now:
            made = f"its own certificate was made on {own.not_valid_before_utc:%Y-%m-%d}"
            return fails(f"the clock of this machine is wrong: it says {now:%Y-%m-%d}, and {made}", SET_THE_CLOCK)
        times = _times_of_the_root(box)
    except OSError:
        return not_tried("there is nothing to compare it with", ADDRESS)
    if times is not None and not times[0] <= now <= times[1]:
        good = f"the signatures of the internet's root are good from {times[0]:%Y-%m-%d} to {times[1]:%Y-%m-%d}"
        return fails(f"the clock of this machine is wrong: it says {now:%Y-%m-%d %H:%M} UTC, and {good}", SET_THE_CLOCK)
    return passes(f"{now:%Y-%m-%d %H:%M} UTC, and nothing says otherwise")


def internet(box: Box) -> CheckResult:
    """Is a name found that nobody can have in a cache? Whoever has asked names before me may live on old answers."""
    if box.resolver_faults:
        return fails(
            "; ".join(box.resolver_faults), "name another one in `resolver.forward`, then restart the container"
        )
    name = box.slow_name or f"{secrets.token_hex(8)}.com"
    found = box.look_up(name) if box.look_up is not None else _looked_up(box, name)
    if found.is_reached:
        return passes("a name that nobody has asked before is looked up")
    if found.is_reached is None:
        return cannot_tell(f"whether names are found cannot be told: {found.says}", SEE_LOG)
    return fails(f"names are not found: {found.says}", found.remedy)


def block_lists(box: Box) -> CheckResult:
    """A list that was never there blocks nothing, whatever the settings say."""
    show = "`docker compose exec homedot homedot lists` says more, `homedot lists refresh` tries again"
    if box.lists:
        return fails("; ".join(box.lists), f"check the address in `blocking.lists`; {show}")
    if box.late_lists:
        return warns("; ".join(box.late_lists), f"the old one is used on; {show}")
    if box.awaited_lists:
        return not_tried("; ".join(box.awaited_lists))
    return passes("every block list that is named is there")


def _greet(box: Box) -> None:
    """Ask this box for what it knows by itself. Raises Stranger if somebody else answers, OSError if nobody does."""
    query = dns.message.make_query("localhost.", "A")
    try:
        with box.connect(probe.unverified("dot")) as connection:
            presented = [x509.load_der_x509_certificate(each) for each in connection.chain()]
            if not _is_own(box, presented):
                raise Stranger(f"its certificate is {_described(presented[0])}")
            connection.ask(query.to_wire())
    except ssl.SSLError as error:
        raise Stranger(f"it does not speak TLS as this box does ({probe.describe(error)})") from error
    except ValueError as error:
        raise Stranger(f"its certificate cannot be read ({error})") from error


def _is_own(box: Box, presented: Sequence[x509.Certificate]) -> bool:
    """Whether it has the key that devices were shown; for who renews one may change the key, whether this box's own
    authority has made it, or a user's is for this name. Another Homedot may have the same name."""
    if certificate_checks.spki_pin(presented[0]) == box.spki_pin:
        return True
    if box.root_pem is not None:
        root = x509.load_pem_x509_certificate(box.root_pem.encode())
        return certificate_checks.is_issued_by(presented[-1], root)
    names = certificate_checks.dns_names(presented[0])
    return not set(dnsname.certificate_names(box.hostname)).isdisjoint(names)


def _described(presented: x509.Certificate) -> str:
    names = certificate_checks.dns_names(presented)
    subject = presented.subject.rfc4514_string() or "without a subject"
    return f"{subject}, for {', '.join(names)}" if names else subject


def _times_of_the_root(box: Box) -> tuple[datetime, datetime] | None:
    """When the newest signature of the root over its own keys (RFC 4034 3.1.5) begins and ends, unchecked; None if
    nobody shows it. Whoever checks it by a wrong clock may only say that it is bogus."""
    query = dns.message.make_query(".", "DNSKEY", want_dnssec=True)
    query.flags |= dns.flags.CD
    try:
        answer = dns_checks.patient_answer(box, query)
    except dns.exception.DNSException:
        return None
    records = [record for rrset in answer.answer for record in rrset] if answer is not None else []
    signed = [(record.inception, record.expiration) for record in records if record.rdtype == dns.rdatatype.RRSIG]
    if not signed:
        return None
    begins_s, ends_s = max(signed)
    return datetime.fromtimestamp(begins_s, UTC), datetime.fromtimestamp(ends_s, UTC)


def _looked_up(box: Box, name: str) -> LookUp:
    """As devices ask."""
    query = dns.message.make_query(name, "A", use_edns=0)
    answer = dns_checks.patient_answer(replace(box, timeout_s=max(box.timeout_s, _PATIENCE_S)), query)
    if answer is None:
        return LookUp(False, f"{name} was not answered within {_PATIENCE_S:g} s", INTERNET_REMEDY)
    is_reached = answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
    return LookUp(is_reached, f"{name} was answered with {dns_checks.said(answer)}", INTERNET_REMEDY)
