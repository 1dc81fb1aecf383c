"""One list, refreshed: its source is read, checked, compiled and written. Runs in a child with limits.

Children are at work at the same time, so that a slow server delays nobody, but compile one after the other: that takes
the memory. So a source is first read to its end, into a file without a name; then its child waits for its turn.
"""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from app.errors import ListError, ListSizeError
from app.files import write_atomically

from . import places
from .body import octets_of_list
from .compile import compile_list
from .contract import Job, Outcome
from .fetch import Response, Validators, fetch
from .layout import Header
from .parse import Report, parse

if TYPE_CHECKING:
    from .network import AtHome

MOST_OCTETS = 128_000_000
"""Of a list, packed or not: several times the longest that are published."""

_LEAST_SHARE = 0.1
_IF_MEANT = "; if that is meant, say `homedot lists accept`"
_PIECE_OCTETS = 64 * 1024


def refresh(job: Job, resolver_port: int, ca_bundle: Path, at_home: "AtHome | None" = None) -> Outcome:
    """Do it. Raises ListError, and leaves the old list untouched then."""
    folder = Path(job.folder)
    prefix = places.unfinished(places.compiled(folder, job.source)).name
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=prefix) as spool:  # not in /tmp, which may be memory
            with _opened(job, resolver_port, ca_bundle, at_home) as response:
                if response.pieces is None:
                    return Outcome(is_new=False)
                _fill(spool, octets_of_list(response.pieces, MOST_OCTETS), folder)
            spool.seek(0)
            with _turn(folder):
                return _compiled(job, iter(partial(spool.read, _PIECE_OCTETS), b""), response.validators)
    except OSError as error:
        raise _unwritten(folder, error) from error


def _fill(spool: IO[bytes], pieces: Iterable[bytes], folder: Path) -> None:
    for piece in pieces:
        try:
            spool.write(piece)
        except OSError as error:  # told here, or it would be taken for a fault of the network
            raise _unwritten(folder, error) from error


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Wait until nobody else compiles. The kernel gives the turn on when whoever has it is gone, however it went."""
    descriptor = os.open(places.turn(folder), os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _compiled(job: Job, pieces: Iterable[bytes], validators: Validators) -> Outcome:
    parsed = parse(pieces)
    title = parsed.title or places.title_of(job.source)
    report = parsed.report
    header, content = compile_list(parsed, job.source, title)
    if not job.source.startswith("/"):
        _plausible(job, header, report)
    write_atomically(places.compiled(Path(job.folder), job.source), content)
    return Outcome(
        is_new=True,
        title=title,
        names=header.names,
        exceptions=header.exceptions,
        unsupported=report.unsupported,
        junk=report.junk,
        examples=tuple(report.examples),
        etag=validators.etag,
        last_modified=validators.last_modified,
    )


def _unwritten(folder: Path, error: OSError) -> ListError:
    return ListError(f"{folder}: cannot be written: {error.strerror}")


def _plausible(job: Job, header: Header, report: Report) -> None:
    """A file on this machine is what somebody made it; a download is not to be trusted that far."""
    lines = report.junk + report.unsupported
    if not header.names and not header.exceptions and lines:
        like = f", like {report.examples[0]!r}" if report.examples else ""
        formats = "; it must be hosts, domains, wildcards, Adblock, dnsmasq or RPZ"
        raise ListError(f"has no name in its {lines} lines{like}{formats}")
    if job.takes_any_size:
        return
    before = job.names or 0
    if not header.names and not header.exceptions and job.names != 0:  # or it is as it was when it was accepted
        raise ListSizeError(f"is empty{_IF_MEANT}")
    if header.names < before * _LEAST_SHARE:
        raise ListSizeError(f"has shrunk from {before} names to {header.names}{_IF_MEANT}")


@contextmanager
def _opened(job: Job, resolver_port: int, ca_bundle: Path, at_home: "AtHome | None") -> Iterator[Response]:
    if job.source.startswith("/"):
        yield Response(_file(Path(job.source)), Validators())
        return
    import ssl  # a list that is a file needs no OpenSSL

    from .network import Network  # which needs it too

    try:
        tls = ssl.create_default_context(cafile=str(ca_bundle))
    except OSError as error:
        raise ListError(f"resolver.ca_bundle: {ca_bundle}: {error.strerror}") from error
    network = Network(resolver_port, at_home)
    with fetch(job.source, Validators(job.etag, job.last_modified), network, tls) as response:
        yield response


def _file(path: Path) -> Iterator[bytes]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ListError("is not a file")
        with path.open("rb") as file:
            while piece := file.read(_PIECE_OCTETS):
                yield piece
    except OSError as error:
        raise ListError(f"cannot be read by the program that compiles lists: {error.strerror}") from error
