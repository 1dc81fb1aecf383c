"""A tree of files as an archive holds it, and in what two of them differ."""

import hashlib
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import IO


@dataclass(frozen=True, slots=True)
class Entry:
    """One path. `mode` is in octal, `time` in seconds since 1970; `content` is a digest, or where a link leads."""

    kind: str
    mode: str
    owner: str
    time: int
    content: str


def read(stream: IO[bytes]) -> Mapping[str, Entry]:
    """Every path of a tar archive with all that is known of it."""
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        return {member.name.removeprefix("./").rstrip("/"): _entry(archive, member) for member in archive}


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    content = member.linkname or f"{member.devmajor}:{member.devminor}"
    if opened := archive.extractfile(member) if member.isreg() else None:
        content = hashlib.sha256(opened.read()).hexdigest()
    owner = f"{member.uid}:{member.gid}"
    return Entry(member.type.decode(), f"{member.mode:o}", owner, int(member.mtime), content)


def differences(one: Mapping[str, Entry], other: Mapping[str, Entry]) -> Iterator[str]:
    """Each path in which two trees differ, in order: `etc/shadow: time, content`."""
    for path in sorted(one.keys() | other.keys()):
        if path not in one or path not in other:
            yield f"{path}: only in the {'second' if path in other else 'first'}"
        elif one[path] != other[path]:
            differing = [f.name for f in fields(Entry) if getattr(one[path], f.name) != getattr(other[path], f.name)]
            yield f"{path}: {', '.join(differing)}"
