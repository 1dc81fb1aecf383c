"""kdig with strict authentication, end to end: TLS, validation, recursion in the tests' own internet."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.fakes.pki import Authority

from .conftest import Box, wrong_pin
from .kdig import kdig

pytestmark = pytest.mark.server


def test_a_signed_name_is_answered_and_validated(box: Box) -> None:
    reply = kdig(box, "signed.test", "A", "+dnssec")
    assert (reply.code, reply.status) == (0, "NOERROR")
    assert "ad" in reply.flags
    assert "RRSIG" in reply.text


def test_a_bogus_name_is_servfail_with_the_reason(box: Box) -> None:
    reply = kdig(box, "bogus.test", "A", "+dnssec")
    assert reply.status == "SERVFAIL"
    assert 6 in reply.extended_errors


def test_an_unsigned_name_is_answered_without_ad(box: Box) -> None:
    reply = kdig(box, "unsigned.test", "A", "+dnssec")
    assert reply.status == "NOERROR"
    assert "ad" not in reply.flags


def test_refuses_to_talk_under_a_wrong_name(box: Box) -> None:
    assert kdig(box, "signed.test", hostname="other.home.arpa").status == ""


def test_refuses_to_talk_with_a_wrong_root(box: Box, tmp_path: Path) -> None:
    root = tmp_path / "root.pem"
    root.write_bytes(Authority().root.pem)
    assert kdig(box, "signed.test", root=root).status == ""


def test_c8_several_questions_are_answered_with_the_connection_kept_open(box: Box) -> None:
    reply = kdig(box, "+keepopen", "signed.test", "A", "signed.test", "AAAA", "unsigned.test", "A")
    assert reply.text.count("status: NOERROR") == 3


@pytest.mark.parametrize(
    ("arguments", "octets"), [(("+padding=128",), 468), (("+edns", "+nopadding"), 56), (("+noedns", "+nopadding"), 45)]
)
def test_e7_only_padded_questions_get_padded_answers(box: Box, arguments: tuple[str, ...], octets: int) -> None:
    for _ in range(2):  # from upstream, and from the cache
        assert kdig(box, "signed.test", "A", "+nocookie", *arguments).octets == octets


@pytest.mark.parametrize("octets", [0, 511, 512, 1232, 65535])
def test_e6_a_large_answer_comes_whole_whatever_the_client_says_it_can_take(box: Box, octets: int) -> None:
    reply = kdig(box, "big.signed.test", "TXT", f"+bufsize={octets}")
    assert reply.status == "NOERROR"
    assert "tc" not in reply.flags
    assert reply.octets > 19_000


@pytest.mark.parametrize("name", ["big.signed.test", "absent.signed.test", "bogus.test", "signed.test", "localhost"])
def test_e9_every_answer_to_a_padded_question_is_padded(box: Box, name: str) -> None:
    for kind in ("TXT", "ANY", "NOTIFY"):
        octets = kdig(box, name, kind, "+padding=128").octets
        assert octets >= 468
        assert octets % 468 == 0


def test_e11_keepalive_tells_the_idle_time(box: Box) -> None:
    assert "04B0" in kdig(box, "signed.test", "+ednsopt=11:").text  # 120 s


def test_e4_unknown_options_are_not_echoed(box: Box) -> None:
    reply = kdig(box, "signed.test", "+ednsopt=65001:aabb")
    assert reply.status == "NOERROR"
    assert "65001" not in reply.text


def test_e2_a_version_of_the_future_is_badvers(box: Box) -> None:
    reply = kdig(box, "signed.test", "+edns=1", "+nopadding")
    assert reply.status == "BADVERS"
    assert "Version: 0;" in reply.text


def test_e12_after_a_keepalive_with_a_value_the_connection_lives(box: Box) -> None:
    questions = ["signed.test", "+ednsopt=11:0064", "signed.test", "A"]
    reply = kdig(box, "+keepopen", *questions)
    assert re.findall(r"status: (\w+)", reply.text) == ["FORMERR", "NOERROR"]


@pytest.mark.parametrize(
    ("arguments", "verdict"),
    [
        (("-t", "AXFR"), "server replied with error 'REFUSED'"),
        (("-t", "IXFR=1"), "server replied with error 'REFUSED'"),
        (("CH", "TXT"), "status: REFUSED"),
        (("NOTIFY",), "opcode: NOTIFY; status: NOTIMPL"),
    ],
)
def test_e17_what_is_not_for_a_resolver_is_refused_at_once(box: Box, arguments: tuple[str, ...], verdict: str) -> None:
    assert verdict in kdig(box, "signed.test", *arguments).text


@pytest.mark.parametrize(
    "asks",
    [("+noadflag", "+nodnssec"), ("+adflag", "+nodnssec"), ("+noadflag", "+dnssec"), ("+adflag", "+dnssec")],
    ids=" ".join,
)
@pytest.mark.parametrize("name", ["signed.test", "unsigned.test", "absent.signed.test"])
def test_d1_d2_ad_and_signatures_are_for_those_who_ask(box: Box, name: str, asks: tuple[str, str]) -> None:
    is_signed = name != "unsigned.test"
    for _ in range(2):  # from upstream, and from the cache
        reply = kdig(box, name, *asks)
        assert ("ad" in reply.flags) is (is_signed and asks != ("+noadflag", "+nodnssec"))
        assert ("RRSIG" in reply.text) is (is_signed and "+dnssec" in asks)
        assert ("flags: do;" in reply.text.lower()) is ("+dnssec" in asks)


def test_d1_signatures_come_also_to_who_asks_for_nothing_else(box: Box) -> None:
    assert "RRSIG" in kdig(box, "signed.test", "RRSIG", "+nodnssec").text.partition("ANSWER SECTION")[2]


def test_d3_who_checks_for_himself_gets_what_does_not_validate(box: Box) -> None:
    reply = kdig(box, "bogus.test", "A", "+cdflag", "+adflag", "+dnssec")
    assert reply.status == "NOERROR"
    assert "cd" in reply.flags
    assert "ad" not in reply.flags
    checked = kdig(box, "bogus.test", "A", "+dnssec")
    assert (checked.status, "cd" in checked.flags) == ("SERVFAIL", False)
    assert set(checked.extended_errors) & {6, 7, 9, 10}


def test_d3_d4_what_was_fetched_without_checking_is_not_given_to_who_checks(box: Box) -> None:
    for _ in range(2):
        assert kdig(box, "bogus.test", "AAAA", "+cdflag").status == "NOERROR"
        assert kdig(box, "bogus.test", "AAAA").status == "SERVFAIL"


@pytest.mark.parametrize("name", ["localhost", "_dns.resolver.arpa", "printer.local", "1.1.168.192.in-addr.arpa"])
def test_d5_what_is_answered_here_is_not_called_validated(box: Box, name: str) -> None:
    for kind in ("A", "ANY"):
        reply = kdig(box, name, kind, "+dnssec", "+adflag")
        assert reply.status in {"NOERROR", "NXDOMAIN"}
        assert "ad" not in reply.flags


def test_serves_the_ipv6_loopback_too(own_authority: Box) -> None:
    assert kdig(own_authority, "signed.test", address="::1").status == "NOERROR"


def test_c19_the_pin_that_is_shown_is_the_pin_of_the_key(own_authority: Box) -> None:
    pin = own_authority.pin
    command = ["kdig", "@127.0.0.1", "-p", str(own_authority.port), "+retry=0", "signed.test"]
    good = subprocess.run([*command, f"+tls-pin={pin}"], capture_output=True, text=True, timeout=30, check=False)
    assert "status: NOERROR" in good.stdout
    bad = subprocess.run(
        [*command, f"+tls-pin={wrong_pin(pin)}"], capture_output=True, text=True, timeout=30, check=False
    )
    assert "status: NOERROR" not in bad.stdout
