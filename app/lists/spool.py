"""Numbers in order, with little memory however many they are: sorted runs on the disk, merged in slices."""

import errno
import mmap
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import accumulate
from pathlib import Path
from types import TracebackType

from app.errors import ListError

_NUMBER_BITS, _OCTET_BITS = 64, 8
_RUN_NUMBERS = 1 << 16
"""Some 3 MB as objects of Python, before they go to the disk."""


class Spool:
    """Takes numbers below 2**64. It lies in a file without a name, so nothing is left behind by who is killed."""

    def __init__(self, folder: Path, prefix: str) -> None:
        """Raises OSError."""
        self._folder = folder
        self._file = tempfile.TemporaryFile(dir=folder, prefix=prefix)  # noqa: SIM115 - not /tmp, which may be memory
        self._lengths: list[int] = []
        self._run: list[int] = []
        self.add = self._run.append

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def __len__(self) -> int:
        """How many there are, those that came twice perhaps counted twice."""
        return sum(self._lengths) + len(self._run)

    @property
    def is_full(self) -> bool:
        """Whether it is time to `spill`."""
        return len(self._run) >= _RUN_NUMBERS

    def spill(self) -> None:
        """Write the numbers of this run to the disk. Raises ListError if it takes none."""
        run = array("Q", sorted(set(self._run)))
        self._run.clear()
        self._lengths.append(len(run))
        try:
            self._file.write(run)
        except OSError as error:  # told here, or it would be taken for a fault of the network
            raise unwritten(self._folder, error) from error

    def slices(self) -> Iterator[list[int]]:
        """All numbers once, in order: a list for each value that their highest octet can have."""
        with self._sorted() as runs:
            yield from _slices(runs)

    def among(self, numbers: Iterable[int]) -> Iterator[int]:
        """Those of `numbers` that are there."""
        wanted = sorted(numbers)
        with self._sorted() as runs:
            for run in runs:
                at = 0
                for number in wanted:
                    at = bisect_left(run, number, at)
                    if at < len(run) and run[at] == number:
                        yield number

    @contextmanager
    def _sorted(self) -> Iterator[Sequence[Sequence[int]]]:
        if not self._lengths:
            yield [sorted(set(self._run))]
            return
        if self._run:
            self.spill()
        self._file.flush()
        ends = list(accumulate(self._lengths))
        with (
            mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as octets,
            octets.cast("Q") as numbers,
            ExitStack() as opened,
        ):
            spans = zip(ends, self._lengths, strict=True)
            yield [opened.enter_context(numbers[end - length : end]) for end, length in spans]


def _slices(runs: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    at = [0] * len(runs)
    for highest in range(1 << _OCTET_BITS):
        bound = (highest + 1) << _NUMBER_BITS - _OCTET_BITS
        found: list[int] = []
        for number, run in enumerate(runs):
            end = bisect_left(run, bound, at[number])
            found.extend(run[at[number] : end])
            at[number] = end
        yield sorted(set(found)) if len(runs) > 1 else found


def unwritten(folder: Path, error: OSError) -> ListError:
    """What is said of a file there whose place is taken by something else, or of all of `folder`."""
    place = error.filename2 or error.filename or folder
    is_in_the_way = error.errno in (errno.EISDIR, errno.ELOOP, errno.ENXIO)
    return ListError(f"{place}: cannot be written: {error.strerror}{': move it away' if is_in_the_way else ''}")
