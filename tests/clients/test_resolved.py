"""systemd-resolved in its strict mode, in a container of its own: on the machine it would take over resolv.conf."""

import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest

from app import __version__
from tests.appliance import CHECKOUT, DEADLINE_S, free_ports

from .conftest import Box

pytestmark = pytest.mark.image

ROOTS, SETTINGS = "/usr/local/share/ca-certificates/homedot.crt", "/etc/systemd/resolved.conf.d/homedot.conf"


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return (done.stdout + done.stderr).strip()


@pytest.fixture(scope="session")
def image() -> str:
    base = os.environ.get("HOMEDOT_TEST_IMAGE", f"homedot:{__version__}")
    folder = CHECKOUT / "tests/clients"
    return docker("build", "-q", "--build-arg", f"IMAGE={base}", "-f", str(folder / "resolved.Dockerfile"), str(folder))


@dataclass(frozen=True, slots=True)
class Resolved:
    """One that runs in `container`, and listens on `port` of 127.0.0.1."""

    container: str
    port: int

    def rcode(self, name: str) -> dns.rcode.Rcode | None:
        """What it answers, or None when it hangs up instead; waits until it listens."""
        query, give_up = dns.message.make_query(name, "A"), time.monotonic() + DEADLINE_S
        while True:
            try:
                return dns.query.tcp(query, "127.0.0.1", port=self.port, timeout=DEADLINE_S).rcode()
            except ConnectionRefusedError:
                assert time.monotonic() < give_up, self.log
                time.sleep(0.05)  # until it listens there is nothing to wait on
            except EOFError:
                return None

    @property
    def log(self) -> str:
        return docker("logs", self.container)


@pytest.fixture
def start(box: Box, image: str, tmp_path: Path) -> Iterator[Callable[[str], Resolved]]:
    """Starts one that asks the box by this name, "" for its address alone."""
    container = f"homedot-resolved-{uuid.uuid4()}"

    def run(name: str) -> Resolved:
        (port,) = free_ports(1)
        server = f"127.0.0.1:{box.port}" + (f"#{name}" if name else "")
        lines = ["[Resolve]", f"DNS={server}", "DNSOverTLS=yes", "Domains=~.", "DNSStubListener=no"]
        lines += [f"DNSStubListenerExtra=127.0.0.1:{port}", "LLMNR=no", "MulticastDNS=no", "FallbackDNS="]
        (tmp_path / "resolved.conf").write_text("\n".join(lines) + "\n")
        (tmp_path / "root.crt").write_bytes(box.root.read_bytes())
        mounts = [f"-v{tmp_path}/root.crt:{ROOTS}:ro", f"-v{tmp_path}/resolved.conf:{SETTINGS}:ro"]
        docker("run", "-d", "--name", container, "--network=host", *mounts, "-e", "SYSTEMD_LOG_LEVEL=debug", image)
        return Resolved(container, port)

    try:
        yield run
    finally:
        docker("rm", "-f", container)


def test_asks_by_name(box: Box, start: Callable[[str], Resolved]) -> None:
    resolved = start(box.hostname)
    assert resolved.rcode("signed.test") == dns.rcode.NOERROR
    assert "confidential" in resolved.log
    assert resolved.rcode("bogus.test") == dns.rcode.SERVFAIL


def test_asks_by_address(start: Callable[[str], Resolved]) -> None:
    assert start("").rcode("signed.test") == dns.rcode.NOERROR


def test_does_not_ask_under_a_wrong_name(start: Callable[[str], Resolved]) -> None:
    resolved = start("other.home.arpa")
    assert resolved.rcode("signed.test") in (None, dns.rcode.SERVFAIL)
    assert "certificate verify failed" in resolved.log
