"""A few thousand questions, to Homedot over TLS and straight to its unbound: the answers say the same."""

import random
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing

import dns.flags
import dns.message
import dns.query
import pytest

from tests.appliance import HOSTNAME, folder_for_all, running, settings_in
from tests.internet import Internet

from .asking import DEADLINE_S, query
from .conftest import Box

pytestmark = [pytest.mark.server, pytest.mark.engine]

SEED = 9499
QUESTIONS = 2000
ZONES = ("signed", "unsigned", "bogus", "expired", "early", "stripped", "foreign", "rekeyed")
NAMES = (
    "", "www.", "big.", "absent.", "a.b.c.absent.", "x.wild.", "long.", "mixed.", "inside.", "www.inside.", "_dmarc.",
)  # fmt: skip
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


@pytest.fixture
def box(internet: Internet) -> Iterator[Box]:
    """One of its own: after so many questions about broken zones unbound asks their servers no more for a while."""
    with folder_for_all() as folder, running(folder, settings_in(folder, **internet.environment)) as appliance:
        yield Box(appliance, HOSTNAME, appliance.root)


def test_homedot_says_what_its_unbound_says(box: Box) -> None:
    dice = random.Random(SEED)
    unbound_port = int(box.appliance.environment["HOMEDOT_RESOLVER__PORT"])
    context = ssl.create_default_context(cafile=box.root)
    plain = socket.create_connection(("127.0.0.1", box.port))
    with closing(context.wrap_socket(plain, server_hostname=box.hostname)) as connection:
        for _ in range(QUESTIONS):
            name = f"{dice.choice(NAMES)}{dice.choice(ZONES)}.test"
            wishes = {wish: dice.random() < 0.5 for wish in ("do", "cd", "ad")}
            question = query(name, dice.choice(TYPES), **wishes)
            before = dns.query.udp(question, "127.0.0.1", DEADLINE_S, unbound_port)
            ours = dns.query.tls(question, "127.0.0.1", DEADLINE_S, box.port, sock=connection)
            if meaning(ours) != meaning(before):  # unless unbound has changed its mind meanwhile
                after = dns.query.udp(question, "127.0.0.1", DEADLINE_S, unbound_port)
                assert meaning(ours) == meaning(after), question
