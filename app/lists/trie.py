"""Compiled lists, mapped: a few pages of each are in memory, shared by all processes that look names up.

lists = Blocklists(folder, settings.blocking.lists)
lists.look()                                 # now and then: True if something changed
key = key_of("www.ads.example.com")          # once for a name
for blocklist in lists.current:              # in the order of the setting
    rule = blocklist.covering(key)           # "ads.example.com", or None
"""

import logging
import mmap
import os
from collections.abc import Sequence
from pathlib import Path

import marisa_trie

from app.errors import ListError

from .layout import verify
from .names import name_of
from .places import compiled

log = logging.getLogger(__name__)


class Blocklist:
    """One list, immutable. `header` has its source, title and counts."""

    __slots__ = ("_exceptions", "_mapped", "_rules", "header")

    def __init__(self, path: Path) -> None:
        """Map the compiled list at `path`. Raises ListError if it cannot be used, OSError if it cannot be opened."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.header, begin = verify(descriptor, path)
            # marisa reads in the mapping without holding it: it must live as long as the tries.
            self._mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)
        view, between = memoryview(self._mapped), begin + self.header.rules_octets
        try:
            self._rules = marisa_trie.BinaryTrie().map(view[begin:between])
            has_exceptions = self.header.exceptions > 0
            self._exceptions = marisa_trie.BinaryTrie().map(view[between:]) if has_exceptions else None
        except RuntimeError as error:
            raise ListError(f"{path}: is not a trie: {error}") from error

    @property
    def title(self) -> str:
        return self.header.title

    def covering(self, key: bytes) -> str | None:
        """The rule of this list that blocks the name with this `names.key_of`, or None.

        The list's own exceptions are respected; they lift no other list's rule.
        """
        found = self._rules.prefixes(key)
        if not found or self.spares(key):
            return None
        return name_of(found[0])

    def spares(self, key: bytes) -> bool:
        """Whether an exception of this list covers the name, also where nothing else in it does."""
        return self._exceptions is not None and bool(self._exceptions.prefixes(key))


class Blocklists:
    """The lists of the setting that are there, followed as their files change."""

    def __init__(self, folder: Path, sources: Sequence[str]) -> None:
        self._paths = [compiled(folder, source) for source in sources]
        self._seen: dict[Path, tuple[int, int, int] | None] = dict.fromkeys(self._paths)
        self._lists: dict[Path, Blocklist] = {}
        self.current: tuple[Blocklist, ...] = ()

    def look(self) -> bool:
        """Take over what changed; True if something did. A bad file is told once, and the old list is kept."""
        changed = False
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
        return changed


def _mark(path: Path) -> tuple[int, int, int] | None:
    """What changes when another file takes this place; None while there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return error.errno or 0, 0, 0
    return status.st_ino, status.st_mtime_ns, status.st_size
