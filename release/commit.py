"""The commit that a release is made of, and nothing beside it."""

import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.errors import OperatorError


@dataclass(frozen=True, slots=True)
class Commit:
    """`time_s` is when it was committed, in seconds since 1970: the SOURCE_DATE_EPOCH of what is made of it."""

    revision: str
    time_s: int
    version: str
    archive: bytes
    """A tar of its files, each with the time of the commit."""

    @property
    def created(self) -> str:
        """`time_s` by RFC 3339."""
        return datetime.fromtimestamp(self.time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def of(checkout: Path) -> Commit:
    """The commit that is checked out in `checkout`. Raises OperatorError if tracked files differ from it."""

    def git(*arguments: str) -> bytes:
        done = subprocess.run(["git", *arguments], cwd=checkout, capture_output=True, check=False)
        if done.returncode:
            raise OperatorError(f"git {arguments[0]}: {done.stderr.decode().strip()}")
        return done.stdout

    changed = git("status", "--porcelain", "--untracked-files=no").decode().splitlines()
    if changed:
        raise OperatorError(f"a release is made of a commit: commit first what differs from it: {changed[0][3:]}")
    revision, time_s = git("log", "-1", "--format=%H %ct").decode().split()
    found = re.search(r'^__version__ = "(.+)"$', git("show", f"{revision}:app/__init__.py").decode(), re.MULTILINE)
    if not found:
        raise OperatorError("app/__init__.py: no __version__ is there")
    return Commit(revision, int(time_s), found.group(1), git("archive", "--format=tar", revision))
