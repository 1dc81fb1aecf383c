"""kdig, the strict client: it verifies chain and name, sends ALPN `dot`, and pads."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .conftest import Box


@dataclass(frozen=True, slots=True)
class Reply:
    """What kdig printed, and the parts that tests look at."""

    code: int
    text: str

    def _find(self, pattern: str) -> str:
        found = re.search(pattern, self.text)
        return found.group(1) if found else ""

    @property
    def status(self) -> str:
        return self._find(r"status: (\w+)")

    @property
    def flags(self) -> set[str]:
        return set(self._find(r"Flags: ([a-z ]+)").split())

    @property
    def octets(self) -> int:
        return int(self._find(r"Received (\d+) B") or 0)

    @property
    def extended_errors(self) -> list[int]:
        return [int(code) for code in re.findall(r"EDE: (\d+)", self.text)]


def kdig(box: Box, *arguments: str, address: str = "127.0.0.1", hostname: str = "", root: Path | None = None) -> Reply:
    """Ask strictly, with the box's own root and name unless told otherwise."""
    command = ["kdig", f"@{address}", "-p", str(box.port), "+retry=0", "+timeout=9"]
    command += [f"+tls-ca={root or box.root}", f"+tls-hostname={hostname or box.hostname}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return Reply(done.returncode, done.stdout + done.stderr)
