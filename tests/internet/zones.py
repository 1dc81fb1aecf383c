"""The zones of the tests' own internet: signed at run time, written as zone files.

    .             signed; delegates test.
    test.         signed; delegates the others
    signed.test   signed, DS in test.: every answer validates
    bogus.test    signed, DS in test., but no signature except the one over the keys fits: every answer is bogus
    unsigned.test not signed, and test. proves that it has no DS: insecure
    slow.test     not signed; slow.py answers
    dead.test     not signed; nobody answers
    pool.ntp.org  not signed, delegated from the root: time servers

The name server of every zone is `ns` in that zone.
"""

from pathlib import Path
from typing import cast

import dns.dnssec
import dns.rdataset
import dns.rdatatype
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm, DSDigest
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.RRSIG import RRSIG

BIG_TEXT = " ".join(f'"{index:02}{"x" * 248}"' for index in range(80))

CONTENT = f"""
@      300 IN A     192.0.2.1
@      300 IN AAAA  2001:db8::1
@      300 IN TXT   "hello"
big    300 IN TXT   {BIG_TEXT}
short    1 IN A     192.0.2.2
*.wild 300 IN A     192.0.2.3
"""


def write(folder: Path, root: str, test: str, leaves: str, slow: str, dead: str) -> DS:
    """Write one NAME.zone each (the root is root.zone); the addresses are those of the name servers.

    Returns the DS of the root's key: the trust anchor.
    """
    signed, signed_ds = _sign(
        "signed.test.", _zone("signed.test.", leaves, CONTENT + "www 300 IN CNAME signed.test.\n")
    )
    bogus, bogus_ds = _sign("bogus.test.", _zone("bogus.test.", leaves, CONTENT))
    unsigned = _zone("unsigned.test.", leaves, CONTENT + "www 300 IN CNAME unsigned.test.\n")
    pool = _zone("pool.ntp.org.", leaves, CONTENT)
    _break_signatures(bogus)
    tld, tld_ds = _sign(
        "test.",
        _zone(
            "test.",
            test,
            _delegation("signed.test.", leaves, signed_ds)
            + _delegation("bogus.test.", leaves, bogus_ds)
            + _delegation("unsigned.test.", leaves)
            + _delegation("slow.test.", slow)
            + _delegation("dead.test.", dead),
        ),
    )
    top, anchor = _sign(
        ".", _zone(".", root, _delegation("test.", test, tld_ds) + _delegation("pool.ntp.org.", leaves))
    )
    for name, zone in {"root": top, "test": tld, "signed.test": signed, "bogus.test": bogus}.items():
        zone.to_file(str(folder / f"{name}.zone"), relativize=False)
    unsigned.to_file(str(folder / "unsigned.test.zone"), relativize=False)
    pool.to_file(str(folder / "pool.ntp.org.zone"), relativize=False)
    return anchor


def _zone(origin: str, server: str, content: str) -> dns.zone.Zone:
    text = f"@ 300 IN SOA ns hostmaster 1 3600 600 86400 60\n@ 300 IN NS ns\nns 300 IN A {server}\n{content}"
    return dns.zone.from_text(text, origin=origin, relativize=False)


def _delegation(child: str, server: str, ds: DS | None = None) -> str:
    records = f"{child} 300 IN NS ns.{child}\nns.{child} 300 IN A {server}\n"
    return records + f"{child} 300 IN DS {ds.to_text()}\n" if ds else records


def _sign(origin: str, zone: dns.zone.Zone) -> tuple[dns.zone.Zone, DS]:
    key = ec.generate_private_key(ec.SECP256R1())
    public = dns.dnssec.make_dnskey(key.public_key(), Algorithm.ECDSAP256SHA256, flags=257)
    dns.dnssec.sign_zone(zone, keys=[(key, public)], lifetime=30 * 86400)
    return zone, dns.dnssec.make_ds(origin, public, DSDigest.SHA256)


def _break_signatures(zone: dns.zone.Zone) -> None:
    for name, rdataset in list(zone.iterate_rdatasets()):
        if rdataset.rdtype == dns.rdatatype.RRSIG and rdataset.covers != dns.rdatatype.DNSKEY:
            broken = [rrsig.replace(signature=_flipped(cast(RRSIG, rrsig).signature)) for rrsig in rdataset]
            zone.replace_rdataset(name, dns.rdataset.from_rdata_list(rdataset.ttl, broken))


def _flipped(signature: bytes) -> bytes:
    return signature[:-1] + bytes([signature[-1] ^ 1])
