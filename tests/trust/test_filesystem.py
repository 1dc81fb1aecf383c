"""File systems that do not keep owners and modes; real ones are in tests/image/test_situations.py."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.errors import OperatorError
from app.trust import filesystem
from app.trust.constraints import Names
from app.trust.store import ensure_own

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
31 22 0:30 / /mnt/my\\040share rw - cifs //nas/share rw
32 22 0:31 / /mnt/my\\040share/inner rw master:2 - tmpfs tmpfs rw
"""


def test_an_ordinary_file_system_keeps_them_and_keeps_nothing_of_the_try(tmp_path: Path) -> None:
    assert filesystem.keeps_modes(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_made_nothing_is_said_of_modes(tmp_path: Path) -> None:
    assert filesystem.keeps_modes(tmp_path / "none")


@pytest.mark.parametrize(
    ("path", "kind"), [("/mnt/my share/a", "cifs"), ("/mnt/my share/inner/a", "tmpfs"), ("/mnt/other", "ext4")]
)
def test_the_kind_is_that_of_the_innermost_mount(tmp_path: Path, path: str, kind: str) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)
    assert filesystem.kind(Path(path), tmp_path / "mountinfo") == kind


@pytest.mark.parametrize("ignoring", [True, False], ids=["ignored", "refused"])
def test_no_authority_is_made_where_its_key_would_be_open_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, ignoring: bool
) -> None:
    def fchmod(_: int, __: int) -> None:
        if not ignoring:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "fchmod", fchmod)
    with pytest.raises(
        OperatorError, match=r"is on a file system \(.*\) that does not keep owners and modes"
    ) as caught:
        ensure_own(tmp_path, Names("dns.home.arpa", ()), datetime.now(UTC))
    assert "mount a Docker volume there" in str(caught.value)
    assert list(tmp_path.iterdir()) == []
