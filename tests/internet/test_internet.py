"""The tests' own internet is what it says: checked from outside, as a resolver and a user see it."""

import json
import os
import select
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.zonefile
import pytest

from app.config.load import load
from tests.internet import DEAD, FORWARDER, LEAVES, ROOT, SLOW, TEST, Internet
from tests.internet.forwarder import PLAIN_PORT, TLS_PORT

pytestmark = pytest.mark.server


def ask(address: str, name: str, rdtype: str = "A", port: int = 53, *, cd: bool = False) -> dns.message.Message:
    query = dns.message.make_query(name, rdtype, want_dnssec=True)
    if cd:
        query.flags |= dns.flags.CD
    return dns.query.tcp(query, address, timeout=10, port=port)


def resolve(internet: Internet, name: str, rdtype: str = "A", *, cd: bool = False) -> dns.message.Message:
    return ask(internet.address(FORWARDER), name, rdtype, PLAIN_PORT, cd=cd)


def test_the_trust_anchor_is_the_root_servers_key(internet: Internet) -> None:
    [hints_ns, hints_a] = dns.zonefile.read_rrsets(internet.root_hints.read_text(), rdclass=None)
    [anchor] = dns.zonefile.read_rrsets(internet.trust_anchor.read_text(), rdclass=None, default_ttl=0)
    response = ask(hints_a[0].to_text(), ".", "DNSKEY")
    [key] = response.get_rrset(response.answer, dns.name.root, dns.rdataclass.IN, dns.rdatatype.DNSKEY) or []

    assert hints_ns.rdtype == dns.rdatatype.NS
    assert response.flags & dns.flags.AA
    assert dns.dnssec.make_ds(".", key, "SHA256") == anchor[0]


def test_a_server_refers_to_the_one_below(internet: Internet) -> None:
    for host, child in ((ROOT, "test."), (TEST, "signed.test.")):
        referral = ask(internet.address(host), f"www.{child}")
        types = {rrset.rdtype for rrset in referral.authority if rrset.name == dns.name.from_text(child)}

        assert not referral.flags & dns.flags.AA
        assert not referral.answer
        assert {dns.rdatatype.NS, dns.rdatatype.DS} <= types


@pytest.mark.parametrize("name", ["signed.test", "www.signed.test", "short.signed.test", "any.wild.signed.test"])
def test_signed_answers_validate(internet: Internet, name: str) -> None:
    response = resolve(internet, name)

    assert response.rcode() == dns.rcode.NOERROR
    assert response.answer
    assert response.flags & dns.flags.AD


def test_absence_in_a_signed_zone_is_proven(internet: Internet) -> None:
    response = resolve(internet, "absent.signed.test")

    assert response.rcode() == dns.rcode.NXDOMAIN
    assert response.flags & dns.flags.AD


def test_an_unsigned_zone_is_provably_so(internet: Internet) -> None:
    proof = ask(internet.address(TEST), "unsigned.test", "DS")
    response = resolve(internet, "www.unsigned.test")

    assert not proof.answer
    assert dns.rdatatype.NSEC in {rrset.rdtype for rrset in proof.authority}
    assert response.rcode() == dns.rcode.NOERROR
    assert not response.flags & dns.flags.AD


@pytest.mark.parametrize(("name", "rdtype"), [("bogus.test", "A"), ("bogus.test", "MX"), ("absent.bogus.test", "A")])
def test_nothing_in_the_bogus_zone_validates(internet: Internet, name: str, rdtype: str) -> None:
    assert resolve(internet, name, rdtype).rcode() == dns.rcode.SERVFAIL
    assert resolve(internet, name, rdtype, cd=True).rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}


@pytest.mark.parametrize("zone", ["signed.test", "unsigned.test"])
def test_one_answer_is_larger_than_20_000_octets(internet: Internet, zone: str) -> None:
    response = resolve(internet, f"big.{zone}", "TXT")

    assert response.rcode() == dns.rcode.NOERROR
    assert 20_000 < len(response.to_wire()) < 21_000


def test_a_slow_name_takes_its_time(internet: Internet) -> None:
    start = time.monotonic()
    response = resolve(internet, "d400-once.slow.test")

    assert 0.4 <= time.monotonic() - start < 1.5
    assert [rrset.to_text() for rrset in response.answer] == ["d400-once.slow.test. 60 IN A 192.0.2.4"]


def test_the_delay_of_a_slow_name_counts_from_the_first_query(internet: Internet) -> None:
    query = dns.message.make_query("d800-twice.slow.test", "AAAA")
    start = time.monotonic()
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(query, internet.address(SLOW), timeout=0.4)
    response = dns.query.udp(query, internet.address(SLOW), timeout=10)

    assert response.answer[0][0].to_text() == "2001:db8::4"
    assert 0.8 <= time.monotonic() - start < 1.15
    dns.query.udp(query, internet.address(SLOW), timeout=0.5)  # once more, as unbound does


def test_other_names_in_the_slow_zone_are_absent_at_once(internet: Internet) -> None:
    assert ask(internet.address(SLOW), "absent.slow.test").rcode() == dns.rcode.NXDOMAIN


def test_the_dead_server_never_answers(internet: Internet) -> None:
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(dns.message.make_query("dead.test", "A"), internet.address(DEAD), timeout=0.3)


def test_the_forwarder_proves_its_name_over_tls(internet: Internet) -> None:
    query, context = dns.message.make_query("signed.test", "A"), ssl.create_default_context(cafile=internet.ca_bundle)
    address = internet.address(FORWARDER)
    response = dns.query.tls(query, address, 10, TLS_PORT, ssl_context=context, server_hostname="forward.test")

    assert response.answer[0][0].to_text() == "192.0.2.1"
    with pytest.raises(ssl.SSLCertVerificationError):
        dns.query.tls(query, address, 10, TLS_PORT, ssl_context=context, server_hostname="other.test")


def test_its_forwarders_and_environment_are_settings(internet: Internet) -> None:
    environment = internet.environment | {
        "HOMEDOT_RESOLVER__FORWARD": f"{internet.forwarder_tls},tls://{internet.address(FORWARDER)}@99#other.test"
    }
    resolver = load(environment).settings.resolver

    assert (resolver.mode, resolver.root_hints) == ("recursive", internet.root_hints)
    assert [str(forwarder.address) for forwarder in resolver.forward] == [internet.address(FORWARDER)] * 2


@contextmanager
def command_line(folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.internet", "--folder", str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        alarm = threading.Timer(30, process.kill)
        alarm.start()
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            alarm.cancel()
            process.kill()


def descendants(pid: int) -> Iterator[int]:
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield int(child)
        yield from descendants(int(child))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_run_by_hand_has_its_own_block_and_leaves_no_process(
    internet: Internet, tmp_path: Path, number: signal.Signals
) -> None:
    with command_line(tmp_path) as (process, facts):
        assert facts["block"] != internet.block
        assert ask(f"{facts['block']}.{LEAVES}", "signed.test", "SOA").answer
        servers = [os.pidfd_open(pid) for pid in descendants(process.pid)]
        process.send_signal(number)
        assert process.wait(25) == (-signal.SIGKILL if number is signal.SIGKILL else 0)

    assert len(servers) >= 5
    for server in servers:
        assert select.select([server], [], [], 20)[0], "still runs"
        os.close(server)
