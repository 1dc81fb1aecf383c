"""The program `upkeep` by itself, with a test as its supervisord: a minute passes when the test says so."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.appliance import PROGRAMS, clean

EVENT = b"ver:3.0 server:test serial:1 pool:upkeep poolserial:1 eventname:TICK_60 len:6\nwhen:1"


@dataclass(frozen=True, slots=True)
class Upkeep:
    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def tick(self) -> None:
        """A minute passes; returns when upkeep has done what there was to do."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(EVENT)
        stdin.flush()
        assert stdout.read(17) == b"READY\nRESULT 2\nOK", self.log


@contextmanager
def upkeep(folder: Path, environment: Mapping[str, str], prefix: Sequence[str] = ()) -> Iterator[Upkeep]:
    """Run it, after a bootstrap with the same `environment`, until the end of its events ends it."""
    log_file = folder / "upkeep.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*prefix, *PROGRAMS, "upkeep"],
            env=clean(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
    with process:
        yield Upkeep(process, log_file)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0, log_file.read_text()
