"""Real programs on loopback: started, asked until they answer, and stopped by process id."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode

PATH = f"{os.defpath}:/usr/local/sbin:/usr/sbin:/sbin"
DEADLINE_S = 15.0


def claim_block(dead_host: int) -> tuple[str, socket.socket]:
    """Claim a /24 of 127.53.0.0/16 that no other run of the tests has: its first three octets, and the claim.

    The claim is a UDP socket on port 53 of the block's dead server: held, and never read.
    """
    for number in range(256):
        block = f"127.53.{number}"
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind((f"{block}.{dead_host}", 53))
        except PermissionError:
            claim.close()
            raise RuntimeError("the tests' own internet listens on port 53 of 127.53.0.0/16: run as root") from None
        except OSError:
            claim.close()
            continue
        return block, claim
    raise RuntimeError("all of 127.53.0.0/16 is taken: end other runs of the tests first")


def program(name: str, package: str) -> str:
    """The path of a program, or RuntimeError that names its Debian package."""
    path = shutil.which(name, path=PATH)
    if path is None:
        raise RuntimeError(f"{name} is not installed: apt install {package}")
    return path


@contextmanager
def nsd(folder: Path, name: str, address: str, zones: Sequence[str]) -> Iterator[None]:
    """An authoritative server on port 53 of `address`, serving `folder`/ZONE.zone for each of `zones`."""
    lines = [
        "server:",
        f"  ip-address: {address}",
        "  server-count: 1",
        '  username: ""',
        '  database: ""',
        '  zonesdir: ""',
        f'  pidfile: "{folder}/{name}.pid"',
        f'  xfrdfile: "{folder}/{name}.xfrd"',
        f'  zonelistfile: "{folder}/{name}.list"',
        "  rrl-ratelimit: 0  # all tests come from one address",
        "remote-control:",
        "  control-enable: no",
    ]
    for zone in zones:
        file = folder / f"{zone.rstrip('.') or 'root'}.zone"
        lines += ["zone:", f'  name: "{zone}"', f'  zonefile: "{file}"']
    configuration = folder / f"{name}.nsd.conf"
    configuration.write_text("\n".join(lines) + "\n")
    log = folder / f"{name}.nsd.log"
    with running([program("nsd", "nsd"), "-d", "-c", str(configuration)], log) as process:
        until_answering(process, log, address, 53, name=zones[0], flag=dns.flags.AA)
        yield


@contextmanager
def running(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in the foreground, its output in `log`; at the end SIGTERM, and it is waited for.

    setpriv lets the kernel end it too when the tests are killed.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program("setpriv", "util-linux"), "--pdeathsig", "TERM", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C reaches the tests only, which then stop their servers in order
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def until_answering(
    process: subprocess.Popen[bytes], log: Path, address: str, port: int, *, name: str, flag: dns.flags.Flag
) -> None:
    """Ask for `name` SOA until the answer is NOERROR with `flag` set; RuntimeError with the log if that never comes."""
    query = dns.message.make_query(name, "SOA", want_dnssec=True)
    give_up = time.monotonic() + DEADLINE_S
    while process.poll() is None and time.monotonic() < give_up:
        try:
            response = dns.query.tcp(query, address, timeout=1, port=port)  # a closed port is told at once
        except (dns.exception.Timeout, OSError, EOFError):
            time.sleep(0.01)
            continue
        if response.rcode() == dns.rcode.NOERROR and response.flags & flag:
            return
        time.sleep(0.01)
    raise RuntimeError(f"{process.args!r} does not answer on {address}:{port}:\n{log.read_text()}")
