"""Folders looked at closely, and disks that fail."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FILES = ("ca/root.pem", "ca/intermediate.pem", "ca/intermediate.key", "tls/leaf.key", "tls/chain.pem")

Snapshot = dict[str, tuple[bytes, int, int, int]]


def snapshot(folder: Path) -> Snapshot:
    """Content, mode, inode and time of change of every file below `folder`."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.stat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (content, status.st_mode, status.st_ino, status.st_mtime_ns)
    return found


def fail_at(monkeypatch: pytest.MonkeyPatch, number: int, code: int) -> None:
    """Let change number `number` on the disk, and all after it, fail with the errno `code`."""
    seen = iter(range(1, 1000))

    def failing(original: Callable[..., Any], writes: Callable[..., bool]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if writes(*arguments, **options) and next(seen) >= number:
                raise OSError(code, os.strerror(code))
            return original(*arguments, **options)

        return call

    def opens_for_writing(_path: Any, flags: int, *_: Any, **__: Any) -> bool:
        return bool(flags & os.O_WRONLY)

    def is_missing(path: Any, *_: Any, **__: Any) -> bool:
        return not Path(path).exists()

    def always(*_: Any, **__: Any) -> bool:
        return True

    monkeypatch.setattr(os, "open", failing(os.open, opens_for_writing))
    monkeypatch.setattr(os, "mkdir", failing(os.mkdir, is_missing))
    for name in ("rename", "fsync", "fchmod"):
        monkeypatch.setattr(os, name, failing(getattr(os, name), always))
