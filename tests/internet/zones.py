"""The zones of the tests' own internet: signed at run time, written as zone files.

    .             signed; delegates test.
    test.         signed; delegates the others
    signed.test   signed, DS in test.: every answer validates
    bogus.test    signed, DS in test., but no signature except the one over the keys fits: every answer is bogus
    expired.test  the same, but the signatures ended yesterday
    early.test    the same, but the signatures begin tomorrow
    stripped.test the same, but the signatures are gone
    foreign.test  the same, but signed.test signed it
    rekeyed.test  signed, but the DS in test. is that of another key
    unsigned.test not signed, and test. proves that it has no DS: insecure
    slow.test     not signed; slow.py answers
    fickle.test   not signed; its name server is whatever a test runs there, like a Valve
    dead.test     not signed; nobody answers
    pool.ntp.org  not signed, delegated from the root: time servers
    example.com   signed, DS in the root: the name that documents ask for
    REVERSE       192.168.5.0/24, which nobody delegates: as a router serves it

The name server of every zone is `ns` in that zone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import dns.dnssec
import dns.name
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm, DSDigest
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.RRSIG import RRSIG

BIG_TEXT = " ".join(f'"{index:02}{"x" * 248}"' for index in range(80))

PLAIN_CONTENT = """
@      300 IN A     192.0.2.1
@      300 IN TXT   "hello"
@      300 IN AAAA  2001:db8::1
"""

CONTENT = f"""
@      300 IN A     192.0.2.1
@      300 IN AAAA  2001:db8::1
@      300 IN TXT   "hello"
big    300 IN TXT   {BIG_TEXT}
short    1 IN A     192.0.2.2
*.wild 300 IN A     192.0.2.3
long 604800 IN A    192.0.2.5
inside 300 IN A     192.168.1.5
inside 300 IN AAAA  fd00::5
mixed  300 IN A     192.0.2.6
mixed  300 IN A     10.0.0.6
www.inside 300 IN HTTPS 1 inside.unsigned.test. ipv4hint=192.168.1.5
www.mixed 300 IN HTTPS 1 . ipv4hint=10.0.0.6
"""

FICKLE_CONTENT = """
*          1 IN A     192.0.2.7
*.lasting 300 IN A    192.0.2.8
"""

REVERSE = "5.168.192.in-addr.arpa."
REVERSE_CONTENT = "5 300 IN PTR inside.unsigned.test."

LEAVES = (
    "signed.test.", "bogus.test.", "unsigned.test.", "expired.test.", "early.test.", "stripped.test.", "foreign.test.",
    "rekeyed.test.", "fickle.test.", "pool.ntp.org.", "example.com.",
)  # fmt: skip
UNSIGNED = {"unsigned.test.", "fickle.test.", "pool.ntp.org."}
BELOW_THE_ROOT = ("pool.ntp.org.", "example.com.")


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a zone."""

    private: ec.EllipticCurvePrivateKey
    public: DNSKEY


Keys = Mapping[str, Key]
"""By zone."""


def new_keys() -> Keys:
    return {name: _key() for name in (*LEAVES, "test.", ".") if name not in UNSIGNED}


def write(
    folder: Path,
    signers: Keys,
    *,
    root: str,
    test: str,
    leaves: str,
    slow: str,
    fickle: str,
    dead: str,
    now: datetime | None = None,
) -> DS:
    """Write one NAME.zone each (the root is root.zone); the addresses are those of the name servers. `signers` sign
    from `now` on, for a month.

    Returns the DS of the root's key: the trust anchor.
    """
    zones = {name: _zone(name, leaves, PLAIN_CONTENT) for name in LEAVES}
    for name in ("signed.test.", "unsigned.test."):
        zones[name] = _zone(name, leaves, f"{CONTENT}www 300 IN CNAME {name}\n")
    zones["bogus.test."] = _zone("bogus.test.", leaves, CONTENT)
    zones["fickle.test."] = _zone("fickle.test.", fickle, FICKLE_CONTENT)
    day, now, keys = timedelta(days=1), now or datetime.now(UTC), dict(signers)
    for name in keys.keys() & zones.keys():
        _sign(zones[name], keys[name], now)
    _replace_signatures(zones["bogus.test."], _flipped)
    _replace_signatures(zones["stripped.test."], _gone)
    for name, key, signer, inception in (
        ("expired.test.", keys["expired.test."], "expired.test.", now - 3 * day),
        ("early.test.", keys["early.test."], "early.test.", now + day),
        ("foreign.test.", keys["signed.test."], "signed.test.", now - day),
    ):
        _replace_signatures(zones[name], _signed_by(key, signer, inception, inception + 2 * day))
    keys["rekeyed.test."] = _key()

    servers = dict.fromkeys(LEAVES, leaves) | {"fickle.test.": fickle, "slow.test.": slow, "dead.test.": dead}
    below = {name: _delegation(name, server, keys.get(name)) for name, server in servers.items()}
    outside = "".join(below.pop(name) for name in BELOW_THE_ROOT)
    zones["test."] = _zone("test.", test, "".join(below.values()))
    zones[REVERSE] = _zone(REVERSE, leaves, REVERSE_CONTENT)
    zones["."] = _zone(".", root, _delegation("test.", test, keys["test."]) + outside)
    for name in ("test.", "."):
        _sign(zones[name], keys[name], now)
    for name, zone in zones.items():
        zone.to_file(str(folder / f"{name.rstrip('.') or 'root'}.zone"), relativize=False)
    return _ds(".", keys["."])


def _zone(origin: str, server: str, content: str) -> dns.zone.Zone:
    text = f"@ 300 IN SOA ns hostmaster 1 3600 600 86400 60\n@ 300 IN NS ns\nns 300 IN A {server}\n{content}"
    return dns.zone.from_text(text, origin=origin, relativize=False)


def _delegation(child: str, server: str, key: Key | None = None) -> str:
    records = f"{child} 300 IN NS ns.{child}\nns.{child} 300 IN A {server}\n"
    return records + f"{child} 300 IN DS {_ds(child, key).to_text()}\n" if key else records


def _key() -> Key:
    private = ec.generate_private_key(ec.SECP256R1())
    return Key(private, dns.dnssec.make_dnskey(private.public_key(), Algorithm.ECDSAP256SHA256, flags=257))


def _ds(origin: str, key: Key) -> DS:
    return dns.dnssec.make_ds(origin, key.public, DSDigest.SHA256)


def _sign(zone: dns.zone.Zone, key: Key, now: datetime) -> None:
    dns.dnssec.sign_zone(zone, keys=[(key.private, key.public)], inception=now, expiration=now + timedelta(days=30))


def _replace_signatures(zone: dns.zone.Zone, replace: Callable[[dns.rrset.RRset, RRSIG], RRSIG | None]) -> None:
    """All but the one over the keys."""
    for name, rdataset in list(zone.iterate_rdatasets()):
        if rdataset.rdtype != dns.rdatatype.RRSIG or rdataset.covers == dns.rdatatype.DNSKEY:
            continue
        rrset = zone.find_rrset(name, rdataset.covers)
        replaced = [replace(rrset, cast(RRSIG, rrsig)) for rrsig in rdataset]
        rrsigs = [rrsig for rrsig in replaced if rrsig is not None]
        zone.delete_rdataset(name, dns.rdatatype.RRSIG, rdataset.covers)
        if rrsigs:
            zone.replace_rdataset(name, dns.rdataset.from_rdata_list(rdataset.ttl, rrsigs))


def _signed_by(
    key: Key, signer: str, inception: datetime, expiration: datetime
) -> Callable[[dns.rrset.RRset, RRSIG], RRSIG]:
    def sign(rrset: dns.rrset.RRset, _: RRSIG) -> RRSIG:
        name = dns.name.from_text(signer)
        return dns.dnssec.sign(rrset, key.private, name, key.public, inception, expiration)

    return sign


def _flipped(_: dns.rrset.RRset, rrsig: RRSIG) -> RRSIG:
    return cast(RRSIG, rrsig.replace(signature=rrsig.signature[:-1] + bytes([rrsig.signature[-1] ^ 1])))


def _gone(_: dns.rrset.RRset, __: RRSIG) -> None:
    return None
