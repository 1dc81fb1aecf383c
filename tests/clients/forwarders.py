"""Programs that stand between a computer and the appliance: started on a port of their own, and asked there."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import dns.message
import dns.query

from tests.appliance import DEADLINE_S
from tests.internet.servers import running


@dataclass(frozen=True, slots=True)
class Forwarder:
    """One that runs, on `port` of 127.0.0.1."""

    process: Popen[bytes]
    port: int
    log: Path

    def ask(self, name: str, kind: str = "A") -> dns.message.Message:
        """Its answer; waits until it listens."""
        query = dns.message.make_query(name, kind, want_dnssec=True)
        give_up = time.monotonic() + DEADLINE_S
        while self.process.poll() is None and time.monotonic() < give_up:
            try:
                return dns.query.tcp(query, "127.0.0.1", port=self.port, timeout=DEADLINE_S)
            except ConnectionRefusedError:
                time.sleep(0.02)  # until it listens there is nothing to wait on
        raise AssertionError(f"it does not listen:\n{self.log.read_text()}")


@contextmanager
def forwarding(command: Sequence[str], port: int, folder: Path) -> Iterator[Forwarder]:
    """Run one that listens on `port`, its log in `folder`."""
    log = folder / "forwarder.log"
    with running(command, log) as process:
        yield Forwarder(process, port, log)
