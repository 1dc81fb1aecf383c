"""Compiled lists, as they are looked into. They are another, less trusted user's files: nothing of them is mapped, and
nothing that they say can do more than block a name or not.

lists = Blocklists(folder, settings.blocking.lists)
lists.look()                                 # now and then: True if something changed
key = key_of("www.ads.example.com")          # once for a name
for blocklist in lists.current:              # in the order of the setting
    rule = blocklist.covering(key)           # "ads.example.com", or None
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from app.errors import ListError
from app.files import read_regular

from . import patterns
from .layout import MOST_FILE_OCTETS, RECORD_OCTETS, unpack
from .names import (
    BLOCK,
    BUCKET_BITS,
    IMPORTANT_BLOCK,
    IMPORTANT_LIFT,
    LIFT,
    NOTHING,
    OF_BELOW,
    OF_ITSELF,
    Key,
    weight,
)
from .paths import compiled
from .patterns import Patterns

log = logging.getLogger(__name__)

Rules = tuple[tuple[str, int], ...]
"""Names, the longest first, and what is said about each that is for the name that was looked up."""


Opinion = tuple[int, str]
"""How weighty it is what a list says about a name (names.BLOCK, ...), and the rule that says it."""
TYPE_A = 1
SAYS_NOTHING: Opinion = (NOTHING, "")


class Blocklist:
    """One list, immutable. `header` has its source, title and counts."""

    __slots__ = ("_find", "_number", "_patterns", "_records", "_shift", "_starts", "header", "patterns")

    def __init__(self, path: Path) -> None:
        """Read the compiled list at `path`. Raises ListError if it cannot be used, OSError if it cannot be read."""
        try:
            self.header, self._starts, self._records, octets = unpack(read_regular(path, MOST_FILE_OCTETS))
            self.patterns = patterns.unpack(octets) if octets else ()
        except ListError as error:
            raise ListError(f"{path}: {error}") from error
        self._find = self._records.find
        self._shift = BUCKET_BITS - self.header.bucket_bits
        self._number, self._patterns = 0, Patterns([self.patterns])

    @property
    def title(self) -> str:
        return self.header.title

    @property
    def has_exceptions_only(self) -> bool:
        return self.header.exceptions > 0 and not self.header.names

    def rules(self, key: Key) -> Rules:
        """All that this list says about the name with this `names.key_of`."""
        found: Rules = ()
        shift, starts, find = self._shift, self._starts, self._find
        for name, bucket, needle in key:
            bucket >>= shift
            at = find(needle, starts[bucket], starts[bucket + 1])
            if at >= 0:
                kinds = self._kinds(needle, at, bucket) & (OF_ITSELF if name is key[0][0] else OF_BELOW)
                if kinds:
                    found = (*found, (name, kinds))
        return found

    def _kinds(self, needle: bytes, at: int, bucket: int) -> int:
        """What stands before the needle that begins at `at`, if these are not parts of two records."""
        begin, end = self._starts[bucket], self._starts[bucket + 1]
        while at >= 0:
            if (at - begin) % RECORD_OCTETS == 1:
                return self._records[at - 1]
            at = self._find(needle, at + 1, end)
        return 0

    def among(self, number: int, patterns: Patterns) -> None:
        """From now on the patterns of this list are the `number`th of `patterns`, which has those of others too."""
        self._number, self._patterns = number, patterns

    def says(self, key: Key, qtype: int = TYPE_A) -> Opinion:
        """The weightiest that this list says to questions of this type about the name, or address, with this key."""
        found = SAYS_NOTHING
        for rule, kinds in self.rules(key):
            said = weight(kinds)
            if said >= found[0]:  # of two the higher one, which says it of more
                found = said, rule
        if self.patterns and key:
            name = key[0][0]
            for pattern in self._patterns.hits(self._number, name):
                if pattern.weight > found[0] and pattern.is_for(name, qtype):
                    found = pattern.weight, pattern.text
        return found

    def covering(self, key: Key, qtype: int = TYPE_A) -> str | None:
        """The rule of this list that blocks the name, or None where it has an exception."""
        said, rule = self.says(key, qtype)
        return rule if said in (BLOCK, IMPORTANT_BLOCK) else None

    def spares(self, key: Key) -> bool:
        """Whether an exception of this list covers the name, also where nothing else in it does."""
        return self.header.exceptions > 0 and self.says(key)[0] in (LIFT, IMPORTANT_LIFT)


class Blocklists:
    """The lists of the setting that are there, followed as their files change."""

    def __init__(self, folder: Path, sources: Sequence[str]) -> None:
        self._folder = folder
        self._is_new = False
        self._paths = [compiled(folder, source) for source in sources]
        self._seen: dict[Path, tuple[int, int, int] | None] = dict.fromkeys(self._paths)
        self._lists: dict[Path, Blocklist] = {}
        self.current: tuple[Blocklist, ...] = ()

    def follow(self, sources: Sequence[str]) -> None:
        """From now on the lists of these; the next look takes them over."""
        self._paths = [compiled(self._folder, source) for source in sources]
        # Nothing that was read is read again; what nobody names any more is let go.
        self._seen = {path: self._seen.get(path) for path in self._paths}
        self._lists = {path: its for path, its in self._lists.items() if path in self._seen}
        self._is_new = True

    def look(self) -> bool:
        """Take over what changed; True if something did. A bad file is told once, and the old list is kept."""
        changed, self._is_new = self._is_new, False
        for path in self._paths:
            mark = _mark(path)
            if mark == self._seen[path]:
                continue
            self._seen[path] = mark
            try:
                self._lists[path] = Blocklist(path)
                changed = True
            except FileNotFoundError:
                changed |= self._lists.pop(path, None) is not None
            except (OSError, ListError) as error:
                log.warning("still using the previous version of a list: %s", error)
        if changed:
            self.current = tuple(self._lists[path] for path in self._paths if path in self._lists)
            every = Patterns([blocklist.patterns for blocklist in self.current])
            for number, blocklist in enumerate(self.current):
                blocklist.among(number, every)
        return changed


def is_whole(path: Path) -> bool:
    """Whether a reader could use the file at `path`."""
    try:
        Blocklist(path)
    except (OSError, ListError):
        return False
    return True


def _mark(path: Path) -> tuple[int, int, int] | None:
    """What changes when another file takes this place; None while there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return error.errno or 0, 0, 0
    return status.st_ino, status.st_mtime_ns, status.st_size
