"""The event listener of supervisord: does a job at every tick (http://supervisord.org/events.html).

The listener's standard output is its protocol, so nothing else may be printed there.
"""

from collections.abc import Callable
from typing import BinaryIO


def listen(stdin: BinaryIO, stdout: BinaryIO, tick: Callable[[], None]) -> None:
    """Answer events until supervisord closes `stdin`; `tick` is called for each TICK event and must not raise."""
    while True:
        stdout.write(b"READY\n")
        stdout.flush()
        header = stdin.readline()
        if not header:
            return
        fields = dict(field.split(":", 1) for field in header.decode().split())
        stdin.read(int(fields["len"]))
        if fields["eventname"].startswith("TICK"):
            tick()
        stdout.write(b"RESULT 2\nOK")
        stdout.flush()
