"""A few thousand questions, to Homedot over TLS and straight to its unbound: the answers say the same."""

import random
import socket
import ssl
from contextlib import closing

import dns.flags
import dns.message
import dns.query
import pytest

from .asking import DEADLINE_S, query
from .conftest import Box

pytestmark = pytest.mark.server

SEED = 9499
QUESTIONS = 2000
ZONES = ("signed", "unsigned", "bogus", "expired", "early", "stripped", "foreign", "rekeyed")
NAMES = ("", "www.", "big.", "absent.", "a.b.c.absent.", "x.wild.", "long.", "mixed.", "inside.", "_dmarc.", "ns.")
TYPES = (
    "A", "AAAA", "NS", "SOA", "MX", "TXT", "CNAME", "PTR", "SRV", "CAA", "DS", "DNSKEY", "NSEC", "RRSIG", "HTTPS",
    "SVCB", "TLSA", "NAPTR", "TYPE65534",
)  # fmt: skip
ALIKE = dns.flags.QR | dns.flags.TC | dns.flags.RD | dns.flags.RA | dns.flags.AD | dns.flags.CD


def meaning(response: dns.message.Message) -> tuple[object, ...]:
    """What must be the same: all but ids, TTLs, the order of records, and the OPT."""
    sections = [
        sorted(f"{rrset.name} {rrset.rdclass} {rrset.rdtype} {rdata}" for rrset in section for rdata in rrset)
        for section in (response.answer, response.authority, response.additional)
    ]
    return response.rcode(), dns.flags.to_text(response.flags & ALIKE), response.question, *sections


def test_homedot_says_what_its_unbound_says(own_authority: Box) -> None:
    dice = random.Random(SEED)
    unbound_port = int(own_authority.appliance.environment["HOMEDOT_RESOLVER__PORT"])
    context = ssl.create_default_context(cafile=own_authority.root)
    plain = socket.create_connection(("127.0.0.1", own_authority.port))
    with closing(context.wrap_socket(plain, server_hostname=own_authority.hostname)) as connection:
        for _ in range(QUESTIONS):
            name = f"{dice.choice(NAMES)}{dice.choice(ZONES)}.test"
            wishes = {wish: dice.random() < 0.5 for wish in ("do", "cd", "ad")}
            question = query(name, dice.choice(TYPES), **wishes)
            direct = dns.query.udp(question, "127.0.0.1", DEADLINE_S, unbound_port)
            ours = dns.query.tls(question, "127.0.0.1", DEADLINE_S, own_authority.port, sock=connection)
            assert meaning(ours) == meaning(direct), question
