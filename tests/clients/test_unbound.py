"""A second unbound that forwards all to the appliance over TLS, checks its name, and validates once more itself."""

from contextlib import AbstractContextManager
from pathlib import Path

import dns.flags
import dns.rcode
import pytest

from tests.appliance import free_ports
from tests.internet import Internet
from tests.internet.servers import program

from .conftest import Box
from .forwarders import Forwarder, forwarding

pytestmark = pytest.mark.server


def unbound(box: Box, internet: Internet, folder: Path, hostname: str) -> AbstractContextManager[Forwarder]:
    (port,) = free_ports(1)
    (folder / "unbound.conf").write_text(
        f"""server:
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  verbosity: 2
  interface: 127.0.0.1@{port}
  do-not-query-localhost: no
  local-zone: "test." nodefault
  trust-anchor-file: "{internet.trust_anchor}"
  tls-cert-bundle: "{box.root}"
forward-zone:
  name: "."
  forward-tls-upstream: yes
  forward-addr: 127.0.0.1@{box.port}#{hostname}
"""
    )
    return forwarding([program("unbound", "unbound"), "-d", "-c", str(folder / "unbound.conf")], port, folder)


def test_forwards_and_validates_what_it_gets(box: Box, internet: Internet, tmp_path: Path) -> None:
    with unbound(box, internet, tmp_path, box.hostname) as forwarder:
        answer = forwarder.ask("signed.test")
        assert answer.rcode() == dns.rcode.NOERROR
        assert answer.flags & dns.flags.AD
        assert forwarder.ask("bogus.test").rcode() == dns.rcode.SERVFAIL


def test_does_not_forward_under_a_wrong_name(box: Box, internet: Internet, tmp_path: Path) -> None:
    with unbound(box, internet, tmp_path, "other.home.arpa") as forwarder:
        assert forwarder.ask("signed.test").rcode() == dns.rcode.SERVFAIL
        assert "certificate verify failed" in forwarder.log.read_text()
