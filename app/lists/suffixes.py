"""Names below which people register names of their own: top-level domains and what else is a public suffix."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .names import to_ascii

PUBLISHED = Path("/usr/share/publicsuffix/public_suffix_list.dat")  # Debian's publicsuffix

_END_OF_REGISTRIES = "===END ICANN DOMAINS==="
"""What follows are companies whose customers have names below theirs: to block one of these is a decision as any."""


class Suffixes:
    """Those of top-level domains and of `lines`, which are of the format of publicsuffix.org."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        names, parents, others = set[bytes](), set[bytes](), set[bytes]()
        for line in lines:
            if _END_OF_REGISTRIES in line:
                break
            rule = line.strip()
            if not rule or rule.startswith("//"):
                continue
            kind = parents if rule.startswith("*.") else others if rule.startswith("!") else names
            name = to_ascii(rule.removeprefix("*.").removeprefix("!"))
            if name is not None:
                kind.add(name)
        self._names, self._parents, self._others = names, parents, others
        self._endings = {(b"." + parent)[-3:] for parent in parents}
        """Nearly no name has one, which saves a closer look at each."""

    @property
    def names(self) -> Iterator[str]:
        """Those that are listed one by one."""
        return (name.decode() for name in self._names)

    def __contains__(self, name: Any) -> bool:
        """Whether `name`, as octets, is one."""
        if name in self._names or b"." not in name:
            return True
        return name[-3:] in self._endings and name.partition(b".")[2] in self._parents and name not in self._others


TOP_LEVEL = Suffixes()


def published(path: Path = PUBLISHED) -> Suffixes:
    """Those that are known here: without the file, top-level domains only."""
    try:
        with path.open(encoding="utf-8") as lines:
            return Suffixes(lines)
    except (OSError, UnicodeError):
        return TOP_LEVEL
