"""One list, refreshed: its source is read, checked, compiled and written. Runs in a child with limits."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import ListError
from app.files import write_atomically

from . import places
from .body import octets_of_list
from .compile import compile_list
from .contract import Job, Outcome
from .fetch import Response, Validators, fetch
from .parse import Report, parse

MOST_OCTETS = 128_000_000
"""Of a list, packed or not: several times the longest that are published."""

_LEAST_SHARE = 0.1
_PIECE_OCTETS = 64 * 1024


def refresh(job: Job, resolver_port: int, ca_bundle: Path) -> Outcome:
    """Do it. Raises ListError, and leaves the old list untouched then."""
    with _opened(job, resolver_port, ca_bundle) as response:
        if response.pieces is None:
            return Outcome(is_new=False)
        parsed = parse(octets_of_list(response.pieces, MOST_OCTETS))
    title = parsed.title or places.title_of(job.source)
    report = parsed.report
    header, content = compile_list(parsed, job.source, title)
    is_file = job.source.startswith("/")
    if not is_file:
        _plausible(job, header.names, report)
    path = places.compiled(Path(job.folder), job.source)
    try:
        write_atomically(path, content)
    except OSError as error:
        raise ListError(f"{path}: cannot be written: {error.strerror}") from error
    return Outcome(
        is_new=True,
        title=title,
        names=header.names,
        exceptions=header.exceptions,
        unsupported=report.unsupported,
        junk=report.junk,
        examples=tuple(report.examples),
        etag=response.validators.etag,
        last_modified=response.validators.last_modified,
    )


def _plausible(job: Job, names: int, report: Report) -> None:
    """A file on this machine is what somebody made it; a download is not to be trusted that far."""
    if not names:
        lines = report.junk + report.unsupported
        like = f", like {report.examples[0]!r}" if report.examples else ""
        raise ListError(f"has no name in its {lines} lines{like}" if lines else "is empty")
    if names < job.names * _LEAST_SHARE:
        path = places.compiled(Path(job.folder), job.source)
        raise ListError(f"has shrunk from {job.names} names to {names}; if that is right, remove {path}")


@contextmanager
def _opened(job: Job, resolver_port: int, ca_bundle: Path) -> Iterator[Response]:
    if job.source.startswith("/"):
        yield Response(_file(Path(job.source)), Validators())
        return
    import ssl

    from .dial import Network

    try:
        tls = ssl.create_default_context(cafile=str(ca_bundle))
    except OSError as error:
        raise ListError(f"resolver.ca_bundle: {ca_bundle}: {error.strerror}") from error
    with fetch(job.source, Validators(job.etag, job.last_modified), Network(resolver_port), tls) as response:
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
