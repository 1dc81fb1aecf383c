"""unbound.conf: what the text promises, and that a real unbound keeps it in every mode."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from app import values
from app.errors import OperatorError
from app.ops import engine
from tests.internet import Internet
from tests.internet.servers import running, until_answering

CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
Ask = Callable[..., dns.message.Message]
Start = Callable[..., Ask]


PUBLIC_ROOT = {"root_hints": None, "trust_anchor": None}
DEFAULTS: dict[str, Any] = {"port": 5335, "mode": "recursive", "ca_bundle": CA_BUNDLE} | PUBLIC_ROOT


def render(folder: Path, *forwarders: str, **options: Any) -> str:
    """`engine.render` with the options that differ from DEFAULTS."""
    parsed = [values.forwarder(text) for text in forwarders]
    return engine.render(forwarders=parsed, run_dir=folder, **(DEFAULTS | options))


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def write(folder: Path, text: str) -> Path:
    path = folder / "unbound.conf"
    path.write_text(text)
    return path


def test_serves_this_machine_only(tmp_path: Path) -> None:
    text = lines(render(tmp_path, port=5399))
    assert [line for line in text if line.startswith(("interface", "port", "access-control"))] == [
        "interface: 127.0.0.1",
        "port: 5399",
        "access-control: 127.0.0.0/8 allow",
    ]


def test_recursion_starts_from_the_internets_root(tmp_path: Path) -> None:
    text = lines(render(tmp_path, "9.9.9.9"))
    assert 'root-hints: "/usr/share/dns/root.hints"' in text
    assert 'trust-anchor-file: "/usr/share/dns/root.key"' in text
    assert not [line for line in text if line.startswith(("forward", "tls"))]


def test_forwarding_over_tls_checks_the_name_against_the_bundle(tmp_path: Path) -> None:
    text = lines(
        render(tmp_path, "tls://9.9.9.9#dns.quad9.net", "tls://[2620:fe::fe]@8853#dns.quad9.net", mode="forward")
    )

    assert f'tls-cert-bundle: "{CA_BUNDLE}"' in text
    assert text[text.index("forward-zone:") :] == [
        "forward-zone:",
        'name: "."',
        "forward-tls-upstream: yes",
        "forward-addr: 9.9.9.9@853#dns.quad9.net",
        "forward-addr: 2620:fe::fe@8853#dns.quad9.net",
    ]


def test_forwarding_in_plain_uses_no_tls_and_still_validates(tmp_path: Path) -> None:
    text = lines(render(tmp_path, "9.9.9.9", mode="forward"))

    assert "forward-addr: 9.9.9.9@53" in text
    assert not [line for line in text if "tls" in line]
    assert {'trust-anchor-file: "/usr/share/dns/root.key"', 'module-config: "validator iterator"'} <= set(text)


def test_refuses_forwarders_that_are_partly_encrypted_unless_unused(tmp_path: Path) -> None:
    mixed = ("9.9.9.9", "tls://9.9.9.9#dns.quad9.net")
    with pytest.raises(OperatorError, match=r"^resolver\.forward: must be all tls:// or all plain"):
        render(tmp_path, *mixed, mode="forward")

    assert "forward-zone:" not in render(tmp_path, *mixed)


@pytest.mark.parametrize("which", ["root_hints", "trust_anchor"])
def test_a_private_root_decides_its_own_names_and_may_be_on_this_machine(tmp_path: Path, which: str) -> None:
    hints, anchor = (tmp_path / which if name == which else None for name in ("root_hints", "trust_anchor"))
    text = render(tmp_path, root_hints=hints, trust_anchor=anchor)

    assert '"test." nodefault' in text
    assert "do-not-query-localhost: no" in text
    assert f'"{tmp_path / which}"' in text


@pytest.mark.parametrize(("forwarder", "asked"), [("127.0.0.1@5300", True), ("::1", True), ("192.0.2.1", False)])
def test_asks_this_machine_only_where_a_forwarder_is_on_it(tmp_path: Path, forwarder: str, asked: bool) -> None:
    assert ("do-not-query-localhost: no" in render(tmp_path, forwarder, mode="forward")) == asked
    assert "do-not-query-localhost: no" not in render(tmp_path, forwarder, mode="recursive")


def test_says_how_to_get_unbound_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_args, **_options: None)
    with pytest.raises(OperatorError, match="apt install unbound"):
        engine.find_unbound()


@pytest.mark.server
@pytest.mark.parametrize(
    ("mode", "forwarders"),
    [
        ("recursive", ()),
        ("forward", ("9.9.9.9", "2620:fe::fe")),
        ("forward", ("tls://9.9.9.9#dns.quad9.net", "tls://[2620:fe::fe]#dns.quad9.net")),
    ],
)
def test_unbound_accepts_every_mode(tmp_path: Path, mode: str, forwarders: Sequence[str]) -> None:
    engine.check(write(tmp_path, render(tmp_path, *forwarders, mode=mode)))


@pytest.mark.server
def test_tells_what_unbound_refuses(tmp_path: Path) -> None:
    path = write(tmp_path, render(tmp_path, root_hints=tmp_path / "absent"))
    with pytest.raises(OperatorError) as refusal:
        engine.check(path)

    assert str(refusal.value).startswith(f"{path}: unbound refuses it: ")
    assert f'file with root-hints: "{tmp_path / "absent"}" does not exist' in str(refusal.value)
    assert "[" not in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.server
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_refuses_a_bundle_without_certificates(tmp_path: Path, content: str | None) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    path = write(tmp_path, render(tmp_path, "tls://9.9.9.9#dns.quad9.net", mode="forward", ca_bundle=bundle))
    with pytest.raises(OperatorError, match=rf"^resolver\.ca_bundle: {bundle} must hold certificates in PEM: \S+"):
        engine.check(path)


def test_does_not_wait_for_ever_for_unbound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = tmp_path / "unbound-checkconf"
    stuck.write_text("#!/bin/sh\nexec sleep 60\n")
    stuck.chmod(0o755)
    monkeypatch.setattr(engine, "find_unbound", lambda: tmp_path / "unbound")
    monkeypatch.setattr(engine, "CHECK_DEADLINE_S", 0.1)
    with pytest.raises(OperatorError, match="did not finish"):
        engine.check(tmp_path / "unbound.conf")


@pytest.fixture
def start(tmp_path: Path, internet: Internet) -> Iterator[Start]:
    """Start a real unbound in the tests' internet with `render`'s arguments; gives a function that asks it."""
    with ExitStack() as stack:

        def start_engine(*forwarders: str, **options: Any) -> Ask:
            port = internet.resolver_port
            private = {"root_hints": internet.root_hints, "trust_anchor": internet.trust_anchor}
            here = {"port": port, "ca_bundle": internet.ca_bundle} | private
            text = render(tmp_path, *forwarders, **(here | options))
            path, log = write(tmp_path, text), tmp_path / "unbound.log"
            engine.check(path)
            process = stack.enter_context(running([str(engine.find_unbound()), "-d", "-c", str(path)], log))
            until_answering(process, log, "127.0.0.1", port, "localhost.", dns.flags.QR)
            return lambda name, rdtype="A", payload=65535: dns.query.udp(
                dns.message.make_query(name, rdtype, want_dnssec=True, payload=payload), "127.0.0.1", 20, port
            )

        yield start_engine


def extended_errors(response: dns.message.Message) -> set[int]:
    return {option.code for option in response.options if isinstance(option, dns.edns.EDEOption)}


@pytest.fixture(params=["recursive", "forward over tls", "forward in plain"])
def ask(request: pytest.FixtureRequest, start: Start, internet: Internet) -> Ask:
    match request.param:
        case "recursive":
            return start()
        case "forward over tls":
            return start(internet.forwarder_tls, mode="forward")
        case _:
            return start(internet.forwarder_plain, mode="forward")


@pytest.mark.server
def test_every_mode_validates_and_says_why_not(ask: Ask) -> None:
    signed, unsigned, bogus = ask("www.signed.test"), ask("www.unsigned.test"), ask("bogus.test")

    assert (signed.rcode(), bool(signed.flags & dns.flags.AD)) == (dns.rcode.NOERROR, True)
    assert (unsigned.rcode(), bool(unsigned.flags & dns.flags.AD)) == (dns.rcode.NOERROR, False)
    assert bogus.rcode() == dns.rcode.SERVFAIL
    assert extended_errors(bogus) & {dns.edns.EDECode.DNSSEC_BOGUS, dns.edns.EDECode.DNSKEY_MISSING}


@pytest.mark.server
def test_every_mode_gives_a_large_answer_whole_over_udp(ask: Ask) -> None:
    response = ask("big.signed.test", "TXT")

    assert len(response.to_wire()) > 20_000
    assert not response.flags & dns.flags.TC
    assert ask("big.signed.test", "TXT", payload=1232).flags & dns.flags.TC


@pytest.mark.server
@pytest.mark.parametrize(
    ("name", "rcode"),
    [
        ("printer.local", dns.rcode.NXDOMAIN),
        ("_dns.resolver.arpa", dns.rcode.NXDOMAIN),
        ("resolver.arpa", dns.rcode.NOERROR),
        ("default.service.arpa", dns.rcode.NXDOMAIN),
    ],
)
def test_names_that_never_leave_the_machine_are_absent_and_cacheable(
    start: Start, name: str, rcode: dns.rcode.Rcode
) -> None:
    response = start()(name)
    assert response.rcode() == rcode
    assert response.flags & dns.flags.AA  # said here, not by the root
    assert [rrset.rdtype for rrset in response.authority] == [dns.rdatatype.SOA]


@pytest.mark.server
def test_an_answer_that_takes_longer_than_two_seconds_still_arrives(start: Start) -> None:
    assert start()("d2200-late.slow.test").rcode() == dns.rcode.NOERROR


@pytest.mark.server
def test_a_forwarder_that_cannot_prove_its_name_is_not_believed(start: Start, internet: Internet) -> None:
    misnamed = start(internet.forwarder_tls.replace("#forward.test", "#other.test"), mode="forward")
    assert misnamed("unsigned.test").rcode() == dns.rcode.SERVFAIL


@pytest.mark.server
def test_a_forwarder_of_an_unknown_authority_is_not_believed(start: Start, internet: Internet) -> None:
    unknown = start(internet.forwarder_tls, mode="forward", ca_bundle=CA_BUNDLE)
    assert unknown("unsigned.test").rcode() == dns.rcode.SERVFAIL
