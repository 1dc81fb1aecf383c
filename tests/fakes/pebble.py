"""Pebble, the certificate authority that Let's Encrypt makes for tests of ACME clients."""

import json
import ssl
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.appliance import free_ports
from tests.internet.servers import DEADLINE_S, program, running

from .pki import Authority

STRICT = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "5", "PEBBLE_AUTHZREUSE": "0"}
"""As quick as it can be, with a nonce in twenty refused."""


@dataclass(frozen=True, slots=True)
class Pebble:
    """One that runs. `bundle` has the root of its web server and that of its certificates, `root` only the latter."""

    directory: str
    bundle: Path
    root: Path
    log: Path


@contextmanager
def pebble(
    folder: Path,
    name_server: str,
    environment: Mapping[str, str] = STRICT,
    *,
    life_s: int = 90 * 86400,
    eab: Mapping[str, str] | None = None,
) -> Iterator[Pebble]:
    """Run it in strict mode. Texts are looked up at `name_server` (ADDRESS:PORT); certificates are valid for
    `life_s`; `eab` are keys of accounts by their names. Raises RuntimeError if it is not installed."""
    port, management = free_ports(2)
    authority = Authority()
    leaf = authority.intermediate.sign("pebble", names=["localhost"], addresses=["127.0.0.1"])
    (folder / "ca.crt").write_bytes(leaf.pem + authority.intermediate.pem)
    (folder / "ca.key").write_bytes(leaf.key_pem)
    settings = {
        "listenAddress": f"127.0.0.1:{port}",
        "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": str(folder / "ca.crt"),
        "privateKey": str(folder / "ca.key"),
        "httpPort": 1,
        "tlsPort": 1,
        "certificateValidityPeriod": life_s,
        "externalAccountBindingRequired": eab is not None,
        "externalAccountMACKeys": dict(eab or {}),
        "profiles": {"default": {"description": "as always", "validityPeriod": life_s}},
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": settings}))
    words = [f"{name}={value}" for name, value in environment.items()]
    command = ["env", *words, program("pebble", "pebble"), "-strict", "-config", str(folder / "pebble.json")]
    context = ssl.create_default_context(cadata=authority.root.pem.decode())
    log = folder / "pebble.log"
    with running([*command, "-dnsserver", name_server], log) as process:
        end_s = time.monotonic() + DEADLINE_S
        while True:
            try:
                with urllib.request.urlopen(f"https://127.0.0.1:{management}/roots/0", context=context) as answer:
                    root = answer.read()
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end_s, log.read_text()
                time.sleep(0.02)  # a closed port is told at once
        (folder / "root.pem").write_bytes(root)
        (folder / "bundle.pem").write_bytes(root + authority.root.pem)
        yield Pebble(f"https://127.0.0.1:{port}/dir", folder / "bundle.pem", folder / "root.pem", log)
