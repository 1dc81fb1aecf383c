"""stubby in its strict profile: by name against the root, and by nothing but the pin of the key."""

from contextlib import AbstractContextManager
from pathlib import Path

import dns.flags
import dns.rcode
import pytest

from tests.appliance import free_ports
from tests.internet.servers import program

from .conftest import Box, wrong_pin
from .forwarders import Forwarder, forwarding

pytestmark = pytest.mark.server


def stubby(box: Box, folder: Path, *authentication: str, root: Path | None = None) -> AbstractContextManager[Forwarder]:
    """Run it with these lines for its one upstream, and with `root` to trust. It wants text quoted, and pins not."""
    (port,) = free_ports(1)
    lines = [
        "resolution_type: GETDNS_RESOLUTION_STUB",
        "dns_transport_list: [GETDNS_TRANSPORT_TLS]",
        "tls_authentication: GETDNS_AUTHENTICATION_REQUIRED",
        "tls_query_padding_blocksize: 128",
        "idle_timeout: 10000",
        f'appdata_dir: "{folder}"',
        f"listen_addresses: [127.0.0.1@{port}]",
        *([f'tls_ca_file: "{root}"'] if root else []),
        "upstream_recursive_servers:",
        "  - address_data: 127.0.0.1",
        f"    tls_port: {box.port}",
        *(f"    {line}" for line in authentication),
    ]
    (folder / "stubby.yml").write_text("\n".join(lines) + "\n")
    return forwarding([program("stubby", "stubby"), "-C", str(folder / "stubby.yml"), "-l"], port, folder)


def pinned(pin: str) -> tuple[str, ...]:
    return "tls_pubkey_pinset:", '  - digest: "sha256"', f"    value: {pin}"


def test_asks_by_name(box: Box, tmp_path: Path) -> None:
    with stubby(box, tmp_path, f'tls_auth_name: "{box.hostname}"', root=box.root) as forwarder:
        answer = forwarder.ask("signed.test")
        assert answer.rcode() == dns.rcode.NOERROR
        assert answer.flags & dns.flags.AD
        assert forwarder.ask("bogus.test").rcode() == dns.rcode.SERVFAIL
        assert forwarder.log.read_text().count("Verify passed") == 1  # one connection for all questions


def test_does_not_ask_under_a_wrong_name(box: Box, tmp_path: Path) -> None:
    with stubby(box, tmp_path, 'tls_auth_name: "other.home.arpa"', root=box.root) as forwarder:
        assert forwarder.ask("signed.test").rcode() == dns.rcode.SERVFAIL
        assert "Curr_auth = Failed" in forwarder.log.read_text()


def test_asks_by_the_pin_that_is_shown_and_nothing_else(box: Box, tmp_path: Path) -> None:
    with stubby(box, tmp_path, *pinned(box.pin)) as forwarder:
        assert forwarder.ask("signed.test").rcode() == dns.rcode.NOERROR


def test_does_not_ask_with_a_wrong_pin(box: Box, tmp_path: Path) -> None:
    with stubby(box, tmp_path, *pinned(wrong_pin(box.pin))) as forwarder:
        assert forwarder.ask("signed.test").rcode() == dns.rcode.SERVFAIL
        assert "Curr_auth = Failed" in forwarder.log.read_text()
