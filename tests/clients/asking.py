"""dnspython as a strict client over TLS, for tests that look at every record and flag of an answer."""

import ssl
import time

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from .conftest import Box

DEADLINE_S = 20.0
PADDING = dns.edns.GenericOption(dns.edns.OptionType.PADDING, b"")


def query(
    name: str, rdtype: str = "A", *, do: bool = True, cd: bool = False, ad: bool = False, edns: bool = True
) -> dns.message.QueryMessage:
    """A padded query that takes any answer whole, unless it is one without EDNS."""
    made = dns.message.make_query(name, rdtype)
    if edns:
        made.use_edns(0, dns.flags.DO if do else 0, 65535, options=[PADDING])
    made.flags |= (dns.flags.CD if cd else 0) | (dns.flags.AD if ad else 0)
    return made


def ask(box: Box, name: str, rdtype: str = "A", **wishes: bool) -> dns.message.Message:
    """The answer over a connection of its own; chain and name are verified."""
    context = ssl.create_default_context(cafile=box.root)
    return dns.query.tls(
        query(name, rdtype, **wishes), "127.0.0.1", DEADLINE_S, box.port, ssl_context=context,
        server_hostname=box.hostname,
    )  # fmt: skip


def ask_until_answered(box: Box, name: str) -> float:
    """Seconds until `name` is answered with NOERROR and nothing stale, asked again and again as clients do."""
    begun_s = time.monotonic()
    while True:
        response = ask(box, name)
        if response.rcode() == dns.rcode.NOERROR and not reasons(response):
            return time.monotonic() - begun_s
        assert time.monotonic() < begun_s + 2 * DEADLINE_S, response
        time.sleep(0.1)  # nothing tells that upstream is back but an answer


def reasons(response: dns.message.Message) -> list[int]:
    """The codes of its extended errors."""
    return [int(option.code) for option in response.options if isinstance(option, dns.edns.EDEOption)]


def addresses(response: dns.message.Message) -> set[str]:
    """Every address in the answer section."""
    kinds = (dns.rdatatype.A, dns.rdatatype.AAAA)
    return {rdata.address for rrset in response.answer if rrset.rdtype in kinds for rdata in rrset}


def is_validated(response: dns.message.Message) -> bool:
    return bool(response.flags & dns.flags.AD)
