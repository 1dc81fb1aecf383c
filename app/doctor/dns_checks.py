"""What the doctor asks of the answers: are they padded, in the order they are ready, validated?"""

import secrets
import time

import dns.edns
import dns.flags
import dns.message
import dns.rcode

from app.doctor import probe
from app.doctor.target import Box, CheckResult, cannot_tell, fails, not_tried, passes

# RFC 8914 4: unsupported algorithms, indeterminate, bogus and its kinds: the resolver did get data and refused it.
DNSSEC_EDE = frozenset({1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 25, 27})
ALTERED = "the network alters DNS: set `resolver.mode` to forward, and name a forwarder over TLS in `resolver.forward`"
INTERNET = "check this machine's internet connection, and that port 53 or 853 is open outwards"
PADDING_BLOCK_OCTETS = 468  # RFC 8467 4.1
_KEEPALIVE, _PADDING = dns.edns.OptionType.KEEPALIVE, dns.edns.OptionType.PADDING
_KEEPALIVE_UNIT_S = 0.1  # RFC 7828 3.1
_TELLING_S = 0.05  # a slow name must have taken so long before it can have held up another


def padding(box: Box) -> CheckResult:
    """RFC 7830 4, RFC 8467 4.1: a padded query gets an answer of a multiple of 468 octets."""
    query = _query("localhost.", dns.edns.GenericOption(_PADDING, bytes(64)))
    with box.connect(probe.unverified("dot")) as connection:
        octets = connection.ask(query.to_wire())
    if _option(dns.message.from_wire(octets), _PADDING) is None:
        return fails("a padded query gets an answer without padding: its size betrays the name", box.another_program)
    if len(octets) % PADDING_BLOCK_OCTETS:
        detail = f"a padded query gets an answer of {len(octets)} octets, no multiple of {PADDING_BLOCK_OCTETS}"
        return fails(detail, box.another_program)
    return passes(f"a padded query gets an answer of {len(octets)} octets")


def keepalive(box: Box) -> CheckResult:
    """RFC 7828 3.3.2: the client is told how long it may be idle, and not longer than it really may."""
    query = _query("localhost.", dns.edns.GenericOption(_KEEPALIVE, b""))
    with box.connect(probe.unverified("dot")) as connection:
        value = _option(dns.message.from_wire(connection.ask(query.to_wire())), _KEEPALIVE)
    if value is None:
        return fails("a client that asks how long it may be idle is not told", box.another_program)
    if len(value) != 2:
        return fails(f"a client that asks how long it may be idle gets {len(value)} octets, not 2", box.another_program)
    idle_s = int.from_bytes(value, "big") * _KEEPALIVE_UNIT_S
    if not 0 < idle_s <= box.idle_timeout_s:
        detail = f"a client is told that it may be idle for {idle_s:g} s; dot.idle_timeout is {box.idle_timeout_s}"
        return fails(detail, f"restart the container; if it stays, {box.another_program}")
    return passes(f"a client is told that it may be idle for {idle_s:g} s")


def order(box: Box) -> CheckResult:
    """RFC 7766 7: a name that is slow to resolve does not hold up one that is known."""
    slow = _query(box.slow_name or f"{secrets.token_hex(8)}.com.").to_wire()
    quick = _query("localhost.").to_wire()
    with box.connect(probe.unverified("dot")) as connection:
        connection.ask(quick)
        connection.send(slow, quick)
        begun_s = time.monotonic()
        try:
            first = connection.receive()
        except TimeoutError:
            return fails("while a slow name was waited for, no other was answered", box.another_program)
        waited_s = time.monotonic() - begun_s
    if first[:2] == quick[:2]:
        return passes("a known name overtakes a slow one")
    if waited_s < _TELLING_S:
        return not_tried(f"no name was slow: {waited_s * 1000:.0f} ms; homedot doctor --slow-name NAME names one")
    return fails(f"a slow name held up a known one for {waited_s * 1000:.0f} ms", box.another_program)


def validated(box: Box) -> CheckResult:
    """The root's own keys come back validated: AD (RFC 6840 5.7-5.8)."""
    query = dns.message.make_query(".", "DNSKEY", want_dnssec=True, flags=dns.flags.RD | dns.flags.AD)
    answer = patient_answer(box, query)
    if answer is None:
        return cannot_tell("the internet's root zone was not answered in time", INTERNET)
    if answer.rcode() == dns.rcode.NOERROR and answer.flags & dns.flags.AD:
        return passes("the root zone's keys are answered, validated")
    told = said(answer)
    if answer.rcode() == dns.rcode.NOERROR or _refused_for_dnssec(answer):
        return fails(f"the root zone's keys are not validated: {told}", ALTERED)
    return cannot_tell(f"the internet's root zone is not answered: {told}", INTERNET)


def bogus(box: Box) -> CheckResult:
    """A name with wrong signatures is not answered (RFC 4035 5.5), and it is the signatures that are the reason."""
    name = box.bogus_name
    answer = patient_answer(box, _query(name, want_dnssec=True))
    if answer is None:
        return cannot_tell(f"{name} was not answered in time", INTERNET)
    if answer.answer:
        return fails(f"{name} is answered, though its signatures are wrong", ALTERED)
    if answer.rcode() != dns.rcode.SERVFAIL:
        return not_tried(f"{name} is not there: {said(answer)}; homedot doctor --bogus-name NAME names another")
    if not _refused_for_dnssec(answer):
        # Without a stated reason: does it resolve when nobody checks?
        unchecked = _query(name, want_dnssec=True)
        unchecked.flags |= dns.flags.CD
        answer = patient_answer(box, unchecked)
        if answer is None or not answer.answer:
            return cannot_tell(f"{name} cannot be resolved: {said(answer) if answer else 'no answer'}", INTERNET)
    return passes(f"{name}, whose signatures are wrong, is refused")


def _query(name: str, *options: dns.edns.Option, want_dnssec: bool = False) -> dns.message.QueryMessage:
    return dns.message.make_query(name, "A", use_edns=0, options=list(options), want_dnssec=want_dnssec)


def patient_answer(box: Box, query: dns.message.QueryMessage) -> dns.message.Message | None:
    """The answer to what may need the internet; None if there is none in time."""
    with box.connect(probe.unverified("dot")) as connection:
        try:
            return dns.message.from_wire(connection.ask(query.to_wire()))
        except TimeoutError:
            return None


def _option(answer: dns.message.Message, code: int) -> bytes | None:
    return next((option.to_wire() or b"" for option in answer.options if option.otype == code), None)


def _errors(answer: dns.message.Message) -> list[dns.edns.EDEOption]:
    return [option for option in answer.options if isinstance(option, dns.edns.EDEOption)]


def error_codes(answer: dns.message.Message) -> set[int]:
    """Those of its extended errors (RFC 8914)."""
    return {int(error.code) for error in _errors(answer)}


def _refused_for_dnssec(answer: dns.message.Message) -> bool:
    return not error_codes(answer).isdisjoint(DNSSEC_EDE)


def said(answer: dns.message.Message) -> str:
    """RCODE and extended errors, as people who know them read them."""
    return dns.rcode.to_text(answer.rcode()) + "".join(f", {error.to_text()}" for error in _errors(answer))
