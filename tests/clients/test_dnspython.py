"""dnspython's own DNS over TLS, with a context as strict as Python 3.13's."""

import ssl
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.fakes.pki import Authority

from .conftest import Box, strict_context

pytestmark = pytest.mark.server


def ask(box: Box, hostname: str, root: Path | None = None) -> dns.message.Message:
    query = dns.message.make_query("signed.test", "A", want_dnssec=True, pad=128)
    context = strict_context(root or box.root)
    return dns.query.tls(query, "127.0.0.1", timeout=30, port=box.port, ssl_context=context, server_hostname=hostname)


def test_asks_by_name_and_by_address(box: Box) -> None:
    for name in (box.hostname, "127.0.0.1"):
        answer = ask(box, name)
        assert answer.rcode() == dns.rcode.NOERROR
        assert answer.flags & dns.flags.AD
        assert len(answer.to_wire()) <= 468


def test_does_not_ask_under_a_wrong_name(box: Box) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        ask(box, "other.home.arpa")


def test_does_not_ask_with_a_wrong_root(box: Box, tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes(Authority().root.pem)
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer certificate"):
        ask(box, box.hostname, tmp_path / "root.pem")
