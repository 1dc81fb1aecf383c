"""The event listener of supervisord: does a job at every tick (http://supervisord.org/events.html).

The listener's standard output is its protocol, so nothing else may be printed there. It stays for months, so what costs
memory is done in a child.
"""

import json
import logging
import os
import signal
from collections.abc import Callable
from typing import BinaryIO

log = logging.getLogger(__name__)


def listen(stdin: BinaryIO, stdout: BinaryIO, tick: Callable[[str], None]) -> None:
    """Answer events until supervisord closes `stdin`; `tick` is called with the name of each TICK event and
    must not raise."""
    while True:
        stdout.write(b"READY\n")
        stdout.flush()
        header = stdin.readline()
        if not header:
            return
        fields = dict(field.split(":", 1) for field in header.decode().split())
        stdin.read(int(fields["len"]))
        if fields["eventname"].startswith("TICK"):
            tick(fields["eventname"])
        stdout.write(b"RESULT 2\nOK")
        stdout.flush()


def in_child(name: str, job: Callable[[], object], deadline_s: int) -> object:
    """Run `job` in a child that ends with it, and return its result, which must be what JSON can hold, and not None.

    Modules that `job` imports and memory that it takes are gone afterwards. Returns None, with the reason in the log
    after `name`, when it raised or took longer than `deadline_s`. For a process without threads only.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _do(name, job, writing, deadline_s)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        result = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == -signal.SIGALRM:
        log.error("%s did not finish within %d s; trying again in a minute", name, deadline_s)
    elif status < 0:
        log.error("%s was killed by %s; trying again in a minute", name, signal.Signals(-status).name)
    return json.loads(result) if status == 0 else None


def _do(name: str, job: Callable[[], object], writing: int, deadline_s: int) -> None:
    """The child's whole life."""
    status = 1
    try:
        signal.alarm(deadline_s)
        os.dup2(2, 1)  # the parent's protocol is not for the child
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(json.dumps(job()).encode())
        status = 0
    except Exception:
        log.exception("%s: this is a fault of Homedot itself", name)
    finally:
        os._exit(status)
