"""Rules -> the file that readers look into."""

from array import array
from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType

from app.errors import ListError

from . import patterns as patterns_file
from .breadth import below_suffixes
from .layout import RECORD_OCTETS, Header, pack
from .names import ANY_BLOCKS, ANY_LIFTS, BLOCKS, BUCKET_BITS, NEEDLE_OCTETS, PLAIN, number_of
from .parsed import Parsed
from .reach import PlainNames, Sample, decided
from .spool import Spool

_NAMES_IN_A_BUCKET = 32
"""On average: half of a kilobyte is searched as fast as nothing, and the table of buckets is small beside the names."""

_KIND_BITS = 8
_KINDS = (1 << _KIND_BITS) - 1
_NEEDLE_BITS = 8 * NEEDLE_OCTETS
_NUMBER_BITS = BUCKET_BITS + _NEEDLE_BITS
_MOST_BUCKET_OCTETS = (1 << 16) - 1


class Rules:
    """Takes rules in any order, duplicates and all; `with` takes the disk's room back."""

    def __init__(self, folder: Path, prefix: str) -> None:
        """Raises OSError if `folder` cannot be written to."""
        self._kept, self._taken_back = Spool(folder, prefix), Spool(folder, prefix)
        self._sample = Sample()
        self.plain = BLOCKS

    def __enter__(self) -> "Rules":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._kept.__exit__(kind, error, at)
        self._taken_back.__exit__(kind, error, at)

    def __len__(self) -> int:
        """How many there are at most."""
        return len(self._kept)

    def keep(self, name: bytes, kind: int) -> None:
        """`kind` (names.BLOCKS, ...) is for a name that `is_name` accepts. Raises ListError if the disk is full."""
        number = number_of(name)
        self._kept.add(number << _KIND_BITS | kind)
        if kind == PLAIN and number < self._sample.bound:
            self._sample.add(name, number)
        if self._kept.is_full:
            self._kept.spill()

    def take_back(self, name: bytes, kind: int) -> None:
        """The same rule is void, wherever in the list it is."""
        self._taken_back.add(number_of(name) << _KIND_BITS | kind)
        if self._taken_back.is_full:
            self._taken_back.spill()

    def settle(self, source: str) -> PlainNames:
        """Decide what the plain names of the list from `source` are for, and take them for it from now on."""
        reach = decided(source, self._sample, self._plain_among)
        self.plain = reach.kind
        return reach

    def _plain_among(self, numbers: Collection[int]) -> set[int]:
        found = self._kept.among(number << _KIND_BITS | PLAIN for number in numbers)
        return {rule >> _KIND_BITS for rule in found}

    def numbers(self) -> Iterator[tuple[int, int]]:
        """In order, the number of each name (`number_of`) and all kinds that are left for it."""
        for kept, taken_back in zip(self._kept.slices(), self._taken_back.slices(), strict=True):
            void, found = frozenset(taken_back), dict[int, int]()
            for rule in kept:
                if rule not in void:
                    number = rule >> _KIND_BITS
                    found[number] = found.get(number, 0) | (rule & _KINDS or self.plain)
            yield from found.items()


def compile_list(rules: Rules, source: str, title: str, parsed: Parsed) -> tuple[Header, bytes]:
    """The file of a compiled list and its header; `parsed` has what else the list says. Raises ListError for names that
    were chosen to be slow."""
    bits = min(max(len(rules) // _NAMES_IN_A_BUCKET, 1).bit_length() - 1, BUCKET_BITS)
    lengths, records = [0] * (1 << bits), bytearray()
    names = exceptions = 0
    needle, shift = (1 << _NEEDLE_BITS) - 1, _NUMBER_BITS - bits
    for number, kinds in rules.numbers():
        names += kinds & ANY_BLOCKS != 0
        exceptions += kinds & ANY_LIFTS != 0
        lengths[number >> shift] += RECORD_OCTETS
        records += (kinds << _NEEDLE_BITS | number & needle).to_bytes(RECORD_OCTETS, "big")
    if max(lengths) > _MOST_BUCKET_OCTETS:
        raise ListError("has too many names that cannot be told apart quickly: they were chosen for that")
    patterns = below_suffixes(parsed)
    names += sum(not pattern.lifts for pattern in patterns)
    exceptions += sum(pattern.lifts for pattern in patterns)
    header = Header(source, title, names, exceptions, bits, parsed.addresses)
    return header, pack(header, array("H", lengths), records, patterns_file.pack(patterns) if patterns else b"")
