"""The ready lines work: each program is started with them, only the root's place and the listening port changed."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from app.onboarding.snippets import ROOT_FILE, SYSTEM_BUNDLE
from tests.appliance import free_ports

from .conftest import Box

pytestmark = pytest.mark.server

DEADLINE_S = 30.0
# What OpenWrt does: `uci` keeps sections of options, and its init script makes stubby's file of them.
UCI = """
uci() {
  [ "$1" = -q ] && shift
  case "$1 $2" in
    "add stubby") echo "  - address_data: ADDRESS" >>stubby.part ;;
    "set stubby."*) option=${2#*].}; name=${option%%=*}; value=${option#*=}
      case $name in
        address) sed -i "s/ADDRESS/$value/" stubby.part ;;
        *) echo "    $name: \\"$value\\"" | sed '/tls_port/s/"//g' >>stubby.part ;;
      esac ;;
    "add_list stubby."*) value=${2#*=}
      printf '    tls_pubkey_pinset:\\n      - digest: "%s"\\n' "${value%%/*}" >>stubby.part
      echo "        value: ${value#*/}" >>stubby.part ;;
    "delete stubby."*) return 1 ;;
  esac
}
"""


def snippet(box: Box, kind: str) -> str:
    """The lines as the program prints them, with the root where this test has it."""
    done = box.appliance.homedot("snippet", kind)
    assert done.returncode == 0, done.stderr
    return done.stdout.replace(ROOT_FILE, str(box.root)).replace(SYSTEM_BUNDLE, str(box.root))


@contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """Run a resolver until it answers on `port`."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not is_answering(port):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)  # until it listens there is nothing to wait on
        yield
    finally:
        process.kill()
        process.wait()


def is_answering(port: int) -> bool:
    try:
        dns.query.udp(dns.message.make_query("localhost.", "A"), "127.0.0.1", timeout=5, port=port)
    except (OSError, dns.exception.DNSException):
        return False
    return True


def rcode(port: int, name: str) -> dns.rcode.Rcode:
    return dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", timeout=15, port=port).rcode()


def test_kdig_asks_strictly_and_gets_a_validated_answer(box: Box) -> None:
    script = snippet(box, "kdig").replace("example.com", "signed.test")
    script = script.replace("+tls-ca ", f"+tls-ca={box.root} ")  # a user's certificate is one that the system trusts
    done = subprocess.run(["sh", "-eu"], input=script, capture_output=True, text=True, timeout=60, check=False)
    assert "status: NOERROR" in done.stdout
    assert "ad" in done.stdout.partition("Flags: ")[2].partition(";")[0].split()
    stranger = script.replace(f"+tls-hostname={box.hostname}", "+tls-hostname=other.home.arpa")
    refused = subprocess.run(["sh", "-eu"], input=stranger, capture_output=True, text=True, timeout=60, check=False)
    assert "status:" not in refused.stdout


def test_stubby_resolves_with_its_file_and_not_under_another_name(box: Box, tmp_path: Path) -> None:
    [port] = free_ports(1)
    text = snippet(box, "stubby").replace("- 127.0.0.1\n", f"- 127.0.0.1@{port}\n", 1)
    assert resolves(text, tmp_path, port)
    assert not resolves(text.replace(f'"{box.hostname}"', '"other.home.arpa"'), tmp_path, port)


def test_openwrt_resolves_with_the_pin_alone_and_not_with_another(own_authority: Box, tmp_path: Path) -> None:
    [port] = free_ports(1)
    script = UCI + "\n".join(
        line for line in snippet(own_authority, "openwrt").splitlines() if not line.startswith("/etc/init.d/")
    )
    done = subprocess.run(["sh", "-eu"], input=script, cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    text = (
        "resolution_type: GETDNS_RESOLUTION_STUB\ndns_transport_list:\n  - GETDNS_TRANSPORT_TLS\n"
        f"tls_authentication: GETDNS_AUTHENTICATION_REQUIRED\nlisten_addresses:\n  - 127.0.0.1@{port}\n"
        "upstream_recursive_servers:\n" + (tmp_path / "stubby.part").read_text()
    )
    assert resolves(text, tmp_path, port)
    pin = text.rpartition("value: ")[2].strip()
    assert not resolves(text.replace(pin, "A" * 43 + "="), tmp_path, port)


def resolves(text: str, folder: Path, port: int) -> bool:
    (folder / "stubby.yml").write_text(text.replace(" ::1", " 0::1"))  # which no LAN has, and stubby cannot read
    with running(["stubby", "-C", str(folder / "stubby.yml")], folder, port):
        return rcode(port, "signed.test") == dns.rcode.NOERROR


def test_unbound_forwards_with_its_file_and_not_under_another_name(box: Box, tmp_path: Path) -> None:
    [port] = free_ports(1)
    surroundings = (
        f"server:\n interface: 127.0.0.1\n port: {port}\n do-not-query-localhost: no\n use-syslog: no\n"
        f' username: ""\n chroot: ""\n pidfile: ""\n directory: "{tmp_path}"\n module-config: "iterator"\n '
        "local-zone: test. nodefault\nremote-control:\n control-enable: no\n"
    )
    for name, expected in ((box.hostname, dns.rcode.NOERROR), ("other.home.arpa", dns.rcode.SERVFAIL)):
        path = tmp_path / "unbound.conf"
        path.write_text(surroundings + snippet(box, "unbound").replace(f"#{box.hostname}", f"#{name}"))
        with running(["/usr/sbin/unbound", "-d", "-c", str(path)], tmp_path, port):
            assert rcode(port, "signed.test") == expected
