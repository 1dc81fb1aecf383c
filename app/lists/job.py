"""One list, refreshed: its source is read, checked, compiled and written. Runs in a child with limits.

Children are at work at the same time, so that neither a slow server nor a list that is slow to read delays another.
What is read becomes numbers in a file without a name; only to sort them and write the list, a child waits for its turn,
because that takes the memory.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from app.config import sources
from app.errors import ListError, ListSizeError, NoRoomError
from app.files import write_atomically

from . import download, formats, listfile, memory, paths
from .body import octets_of_list
from .compile import Rules, compile_list
from .contract import Job, Outcome
from .fetch import Response, Validators, fetch
from .layout import Header
from .parse import parse
from .parsed import Parsed, ParseReport
from .spool import unwritten
from .suffixes import published

if TYPE_CHECKING:
    from .network import AtHome

MOST_OCTETS = 320_000_000
"""Of a list, packed or not: several times the longest that are published."""

_IF_MEANT = "; if that is meant, say `homedot lists accept`"
_WRITTEN_S = 45.0


def refresh(
    job: Job,
    resolver_port: Callable[[], int],
    ca_bundle: Path,
    at_home: "AtHome | None" = None,
    *,
    free_octets: Callable[[], int | None] = lambda: None,
) -> Outcome:
    """Do it. Raises ListError, and leaves the old list untouched then. A file needs no `resolver_port`. `free_octets`
    says how much memory is left, None if nobody knows."""
    folder = Path(job.folder)
    path = paths.compiled(folder, job.source)
    downloaded = paths.download(path)
    is_of_use = job.is_check  # then it is not this job's
    try:
        with Rules(folder, paths.unfinished(path).name) as rules:
            with _opened(job, downloaded, resolver_port, ca_bundle, at_home) as response:
                if response.pieces is None:
                    return Outcome(is_new=False)
                above = () if sources.read(job.source).has_tlds else published()
                parsed = parse(octets_of_list(response.pieces, MOST_OCTETS), rules, above)
            with _turn(folder):
                memory.check(len(rules), free_octets())
                return _compiled(job, parsed, rules, response.validators)
    except (NoRoomError, MemoryError):
        is_of_use = True
        raise
    except OSError as error:
        raise unwritten(folder, error) from error
    finally:
        if not is_of_use:
            download.forget(downloaded)


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Wait until nobody else compiles. The kernel gives the lock on when whoever has it is gone, however it went."""
    no_waiting = os.O_NONBLOCK | os.O_NOFOLLOW
    descriptor = os.open(paths.compile_lock(folder), os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | no_waiting, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _compiled(job: Job, parsed: Parsed, rules: Rules, validators: Validators) -> Outcome:
    title = parsed.title or paths.title_of(job.source)
    report = parsed.report
    reach = rules.settle(job.source)
    header, content = compile_list(rules, job.source, title, parsed)
    if not job.is_check:
        source = sources.read(job.source)
        if not source.is_file:
            _plausible(job, header, report)
        elif _is_being_written(Path(job.file or source.address)) and (
            lost := job.has_lost(header.names, header.exceptions)
        ):
            raise ListError(f"has shrunk from {lost}, and was written this minute: looking again")
        write_atomically(paths.compiled(Path(job.folder), job.source), content)
    return Outcome(
        is_new=True,
        title=title,
        names=header.names,
        exceptions=header.exceptions,
        unsupported=report.unsupported,
        top_level=report.top_level,
        top_level_examples=tuple(report.top_level_examples),
        junk=report.junk,
        reach=reach.word,
        reach_why=reach.why,
        examples=tuple(report.examples),
        left_out=report.sentences(),
        etag=validators.etag,
        last_modified=validators.last_modified,
    )


def _is_being_written(path: Path) -> bool:
    """A script that writes without a rename leaves it empty, or cut off, for a moment."""
    try:
        return abs(time() - path.stat().st_mtime) < _WRITTEN_S
    except OSError:
        return True


def _plausible(job: Job, header: Header, report: ParseReport) -> None:
    """A file on this machine is what somebody made it; a download is not to be trusted that far."""
    lines = report.junk + report.unsupported + report.top_level
    if not header.names and not header.exceptions and lines:
        like = f", like {report.examples[0]!r}" if report.examples else ""
        raise ListError(f"has no name in its {lines} lines{like}; it must be {formats.NAMES}")
    if job.takes_any_size:
        return
    was_empty = job.names == 0 == job.exceptions
    if not header.names and not header.exceptions and not was_empty:  # or it is as it was when it was accepted
        raise ListSizeError(f"is empty{_IF_MEANT}")
    if lost := job.has_lost(header.names, header.exceptions):
        raise ListSizeError(f"has shrunk from {lost}{_IF_MEANT}")


@contextmanager
def _opened(
    job: Job, downloaded: Path, resolver_port: Callable[[], int], ca_bundle: Path, at_home: "AtHome | None"
) -> Iterator[Response]:
    source = sources.read(job.source)
    if source.is_file:
        place = Path(job.file or source.address) if job.descriptor is None else job.descriptor
        yield Response(listfile.pieces(place), Validators())
        return
    from .network import SocketNetwork, trusting  # a list that is a file needs no OpenSSL

    tls, network = trusting(ca_bundle), SocketNetwork(resolver_port(), at_home)
    validators = Validators(job.etag, job.last_modified)
    if job.is_check:
        with fetch(source.address, validators, network, tls) as response:
            yield response
        return
    with download.kept(downloaded) as left:
        if left is not None:
            yield left
            return
    with fetch(source.address, validators, network, tls) as response:
        yield Response(response.pieces and download.keeping(downloaded, response), response.validators)
