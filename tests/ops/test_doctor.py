"""What is wrong with this box? Against servers that do right, or wrong in one way."""

import socket
import ssl
import time
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from app.ops import doctor, probe
from app.ops.doctor import Finding, Verdict, examine, failed, report
from app.values import IPAddress
from tests.fakes.dot_server import Answer, DotServer, noerror, silence
from tests.fakes.pki import Authority, Identity

NAME = "dns.home.arpa"
LOOPBACK: IPAddress = ip_address("127.0.0.1")
DAY = timedelta(days=1)


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def good_leaf(authority: Authority) -> Identity:
    return authority.intermediate.sign("leaf", names=[NAME], addresses=["192.168.1.10", "127.0.0.1"])


@pytest.fixture
def good_chain(authority: Authority, good_leaf: Identity, tmp_path: Path) -> Path:
    return good_leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)


def faults(server: DotServer, authority: Authority, timeout_s: float = 5) -> dict[str, Finding]:
    """What does not pass."""
    found = examine(LOOPBACK, server.port, NAME, authority.root.pem.decode(), timeout_s)
    assert len(found) == len(doctor.CHECKS)
    assert all(bool(finding.remedy) is (finding.verdict is not Verdict.PASS) for finding in found)
    return {finding.name: finding for finding in found if finding.verdict is not Verdict.PASS}


def test_passes_a_server_that_does_right(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain) as server:
        found = examine(LOOPBACK, server.port, NAME, authority.root.pem.decode())
    assert [(finding.name, finding.verdict) for finding in found] == [
        (name, Verdict.PASS)
        for name in (
            "strict query",
            "certificate chain",
            "certificate names",
            "certificate dates",
            "ALPN dot",
            "ALPN none",
            "ALPN h2",
            "DNSSEC",
        )
    ]
    assert not failed(found)


def test_passes_a_chain_that_includes_the_root(authority: Authority, good_leaf: Identity, tmp_path: Path) -> None:
    path = good_leaf.write_chain(tmp_path / "chain.pem", authority.intermediate, authority.root)
    with DotServer(path) as server:
        assert faults(server, authority) == {}


def test_finds_a_root_that_did_not_issue_the_certificate(good_chain: Path) -> None:
    stranger = Authority()
    with DotServer(good_chain) as server:
        found = faults(server, stranger)
    assert set(found) == {"strict query", "certificate chain"}
    assert "the certificate is refused: unable to get local issuer certificate" in found["strict query"].detail
    assert found["certificate chain"].detail.endswith("is followed by CN=Test Root, which did not issue it")


def test_finds_a_missing_intermediate(authority: Authority, good_leaf: Identity, tmp_path: Path) -> None:
    with DotServer(good_leaf.write_chain(tmp_path / "chain.pem")) as server:
        found = faults(server, authority)
    assert set(found) == {"strict query", "certificate chain"}
    assert found["certificate chain"].remedy == doctor.CHAIN_REMEDY


def test_finds_a_chain_in_the_wrong_order(authority: Authority, good_leaf: Identity, tmp_path: Path) -> None:
    path = good_leaf.write_chain(tmp_path / "chain.pem", authority.root, authority.intermediate)
    with DotServer(path) as server:
        found = faults(server, authority)
    assert set(found) == {"certificate chain"}
    assert found["certificate chain"].detail == "CN=leaf is followed by CN=Test Root, which did not issue it"


def test_finds_a_certificate_for_another_name(authority: Authority, tmp_path: Path) -> None:
    leaf = authority.intermediate.sign("leaf", names=["old.home.arpa"], addresses=["127.0.0.1"])
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        found = faults(server, authority)
    assert set(found) == {"strict query", "certificate names"}
    assert found["certificate names"].detail == (
        "dns.home.arpa is missing; the certificate is for old.home.arpa, 127.0.0.1"
    )
    assert found["strict query"].remedy == doctor.CERTIFICATE_REMEDIES[62]


def test_finds_a_certificate_without_the_address(authority: Authority, tmp_path: Path) -> None:
    leaf = authority.intermediate.sign("leaf", names=[NAME], addresses=["192.168.1.10"])
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        found = faults(server, authority)
    assert set(found) == {"certificate names"}
    assert found["certificate names"].detail.startswith("127.0.0.1 is missing; the certificate is for dns.home.arpa")


def test_finds_a_certificate_without_names(authority: Authority, tmp_path: Path) -> None:
    leaf = authority.intermediate.sign(NAME)
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        found = faults(server, authority)
    assert found["certificate names"].detail == "the certificate has no subject alternative name"
    assert "strict query" in found


@pytest.mark.parametrize(
    ("starts", "ends", "detail", "remedy"),
    [(-3 * DAY, -DAY, "expired on", doctor.RENEW), (DAY, 3 * DAY, "not valid before", doctor.CLOCK)],
)
def test_finds_a_certificate_out_of_its_time(
    authority: Authority, tmp_path: Path, starts: timedelta, ends: timedelta, detail: str, remedy: str
) -> None:
    leaf = authority.intermediate.sign("leaf", names=[NAME], addresses=["127.0.0.1"], starts=starts, ends=ends)
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        found = faults(server, authority)
    assert set(found) == {"strict query", "certificate dates"}
    assert found["certificate dates"].detail.startswith(detail)
    assert {finding.remedy for finding in found.values()} == {remedy}


def test_finds_a_server_that_lets_http_in(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain, strict_alpn=False) as server:
        found = faults(server, authority)
    assert set(found) == {"ALPN h2"}
    assert found["ALPN h2"].detail == "a client that speaks only HTTP is let in"


def test_finds_a_server_that_speaks_http(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain, strict_alpn=False, alpn=("h2",)) as server:
        assert set(faults(server, authority)) == {"ALPN dot", "ALPN h2"}


def test_finds_a_server_that_is_silent(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain, silence) as server:
        found = faults(server, authority, timeout_s=0.5)
    assert {name: finding.verdict for name, finding in found.items()} == {
        "strict query": Verdict.FAIL,
        "DNSSEC": Verdict.CANNOT_TELL,
    }
    assert found["strict query"].detail == f"127.0.0.1 port {server.port}: no answer within 0.5 s"


@pytest.mark.parametrize("drip", ["handshake", "answer"])
def test_is_done_in_time_against_a_server_that_drips(authority: Authority, good_chain: Path, drip: str) -> None:
    with DotServer(good_chain, drip=drip) as server:
        began = time.monotonic()
        found = faults(server, authority, timeout_s=0.5)
        assert time.monotonic() - began < 3
    assert "strict query" in found


def test_finds_that_nothing_listens(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    found = examine(LOOPBACK, port, NAME, authority.root.pem.decode())
    assert {finding.verdict for finding in found} == {Verdict.FAIL}
    assert {finding.detail for finding in found} == {f"127.0.0.1 port {port}: connection refused"}


def test_finds_an_error_code_for_localhost(authority: Authority, good_chain: Path) -> None:
    def refuse(query: bytes) -> bytes:
        response = dns.message.make_response(dns.message.from_wire(query))
        response.set_rcode(dns.rcode.REFUSED)
        return response.to_wire()

    with DotServer(good_chain, refuse) as server:
        assert faults(server, authority)["strict query"].detail == "localhost was answered with REFUSED"


def test_a_check_that_crashes_fails_and_the_others_still_run(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain, lambda query: noerror(query)[:-3]) as server:
        found = faults(server, authority)
    assert set(found) == {"strict query", "DNSSEC"}
    assert found["DNSSEC"].detail.startswith("the check broke off: ")


def test_trusts_the_systems_authorities_when_there_is_no_root(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = tmp_path / "system.pem"
    system.write_bytes(authority.root.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(system))
    leaf = authority.intermediate.sign("leaf", names=["*.home.arpa"])  # public authorities certify no private address
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        found = examine(LOOPBACK, server.port, NAME, None)
    assert [finding for finding in found if finding.verdict is not Verdict.PASS] == []
    assert found[0].detail.endswith("trusted through the system's authorities")


def test_refuses_what_only_a_lax_client_accepts(tmp_path: Path) -> None:
    """A leaf without key identifiers (RFC 5280 4.2.1.1) passes OpenSSL's default and not the strict one."""
    authority = Authority()
    leaf = authority.intermediate.sign("leaf", names=[NAME], addresses=["127.0.0.1"], key_ids=False)
    context = ssl.create_default_context(cadata=authority.root.pem.decode())
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        with probe.connect("127.0.0.1", server.port, context, NAME, 5) as connection:
            assert connection.alpn is None
        found = faults(server, authority)
    assert set(found) == {"strict query"}
    assert "Missing Authority Key Identifier" in found["strict query"].detail


def dnssec_answer(rcode: dns.rcode.Rcode, *errors: dns.edns.EDECode, validated: bool = False) -> Answer:
    """Answers localhost well, and the root zone's keys like this."""

    def answer(query: bytes) -> bytes:
        message = dns.message.from_wire(query)
        if message.question[0].name.to_text() != ".":
            return noerror(query)
        response = dns.message.make_response(message)
        response.set_rcode(rcode)
        response.flags |= dns.flags.AD if validated else 0
        response.use_edns(0, options=[dns.edns.EDEOption(error, "because") for error in errors])
        return response.to_wire()

    return answer


@pytest.mark.parametrize(
    ("answer", "verdict", "detail"),
    [
        (
            dnssec_answer(dns.rcode.NOERROR),
            Verdict.FAIL,
            "the root zone's keys are not validated: NOERROR",
        ),
        (
            dnssec_answer(dns.rcode.SERVFAIL, dns.edns.EDECode.SIGNATURE_NOT_YET_VALID),
            Verdict.FAIL,
            "the root zone's keys are not validated: SERVFAIL, EDE 8 (Signature Not Yet Valid): because",
        ),
        (
            dnssec_answer(dns.rcode.SERVFAIL, dns.edns.EDECode.NO_REACHABLE_AUTHORITY),
            Verdict.CANNOT_TELL,
            "the internet's root zone is not answered: SERVFAIL, EDE 22 (No Reachable Authority): because",
        ),
        (
            dnssec_answer(dns.rcode.SERVFAIL, validated=True),
            Verdict.CANNOT_TELL,
            "the internet's root zone is not answered: SERVFAIL",
        ),
    ],
    ids=["not validated", "bogus", "unreachable", "failure"],
)
def test_tells_bogus_from_unreachable(
    authority: Authority, good_chain: Path, answer: Answer, verdict: Verdict, detail: str
) -> None:
    with DotServer(good_chain, answer) as server:
        found = faults(server, authority)
    assert set(found) == {"DNSSEC"}
    assert (found["DNSSEC"].verdict, found["DNSSEC"].detail) == (verdict, detail)


def test_what_cannot_be_told_is_no_failure() -> None:
    assert not failed([Finding("a", Verdict.PASS, ""), Finding("b", Verdict.CANNOT_TELL, "", "ask again")])
    assert failed([Finding("a", Verdict.PASS, ""), Finding("b", Verdict.FAIL, "", "mend it")])


def test_reports_a_line_for_each_finding_and_a_summary() -> None:
    found = [
        Finding("query", Verdict.PASS, "answered"),
        Finding("certificate", Verdict.FAIL, "expired", "restart the container"),
        Finding("DNSSEC", Verdict.CANNOT_TELL, "no answer", "check the internet connection"),
    ]
    assert report(found).splitlines() == [
        "pass         query        answered",
        "fail         certificate  expired",
        "                          -> restart the container",
        "cannot tell  DNSSEC       no answer",
        "                          -> check the internet connection",
        "",
        "1 pass, 1 fail, 1 cannot tell",
    ]
