"""Which keys of the root a file trusts, and whether they continue those that are trusted already. Pure.

What unbound's user writes is read as unbound itself writes it, line by line and nothing else: of a file that two
readers could understand in two ways, one key might be seen here and another one be trusted there.
"""

import contextlib
import re

import dns.dnssec
import dns.exception
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zonefile
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS

Keys = frozenset[dns.rdata.Rdata]
"""DNSKEY and DS records."""

_SECURE_ENTRY_POINT = 257  # RFC 4034 2.1.1
_TRUSTED_STATES = {None, b"2", b"3"}  # VALID and MISSING, RFC 5011 4.2
_NOTE = re.compile(rb"(;[^\n]*)?")
_KEY = re.compile(
    rb"\.\s+(?:\d+\s+)?IN\s+(?P<type>DNSKEY|DS)\s+(?P<rdata>[0-9]+ [0-9]+ [0-9]+ [A-Za-z0-9+/= ]+?)"
    rb"(?: ;\{id = \d+ \(ksk\), size = \d+b\})?(?: ;;state=(?P<state>[0-5]) \[[ A-Z]+\])?(?: ;;count=\d+)?"
    rb"(?: ;;lastchange=\d+(?: ;;[A-Za-z0-9: ]+)?)?(?: ; keytag \d+)?\s*"
)


def written(content: bytes) -> Keys | None:
    """The trusted keys of a file as unbound writes it, or Debian ships it; None if it is not like that."""
    keys = set[dns.rdata.Rdata]()
    for line in content.split(b"\n"):
        found = _KEY.fullmatch(line)
        if found is None:
            if not _NOTE.fullmatch(line):
                return None
        elif found["state"] in _TRUSTED_STATES:
            try:
                keys.add(dns.rdata.from_text("IN", found["type"].decode(), found["rdata"].decode()))
            except dns.exception.DNSException:
                return None
    return frozenset(keys)


def shipped(content: str) -> Keys:
    """The keys in a zone file that nobody but root can have written. Raises DNSException."""
    rrsets = dns.zonefile.read_rrsets(content, rdclass=None, default_ttl=0)
    return frozenset(rdata for rrset in rrsets for rdata in rrset if isinstance(rdata, DNSKEY | DS))


def unknown(keys: Keys, known: Keys) -> Keys:
    """Those of `keys` that are not among `known`."""
    return frozenset(key for key in keys if not _is_among(key, known))


def signed_by(known: Keys, response: bytes, now_s: float) -> Keys:
    """The keys that the root publishes in `response`, whoever passed it on; none unless one of `known` has signed them
    with a signature that is good at `now_s` (RFC 4035 5.3)."""
    root, internet = dns.name.root, dns.rdataclass.IN
    with contextlib.suppress(dns.exception.DNSException, ValueError):
        message = dns.message.from_wire(response)
        keys = message.find_rrset(message.answer, root, internet, dns.rdatatype.DNSKEY)
        rrsigs = message.find_rrset(message.answer, root, internet, dns.rdatatype.RRSIG, dns.rdatatype.DNSKEY)
        vouching = [key for key in keys if _is_among(key, known)]
        if vouching:
            dns.dnssec.validate(keys, rrsigs, {root: dns.rrset.from_rdata_list(root, 0, vouching)}, now=now_s)
            return frozenset(key for key in keys if key.flags == _SECURE_ENTRY_POINT)
    return frozenset()


def _is_among(key: dns.rdata.Rdata, others: Keys) -> bool:
    return any(key == other or _is_digest(key, other) or _is_digest(other, key) for other in others)


def _is_digest(digest: dns.rdata.Rdata, key: dns.rdata.Rdata) -> bool:
    if isinstance(digest, DS) and isinstance(key, DNSKEY):
        with contextlib.suppress(dns.exception.DNSException):  # a digest that is unknown here proves nothing
            return bool(dns.dnssec.make_ds(dns.name.root, key, digest.digest_type, validating=True) == digest)
    return False
