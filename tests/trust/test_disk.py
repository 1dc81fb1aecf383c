import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from app.errors import OperatorError
from app.trust import disk
from app.trust.disk import FULL


def refuse(_: bytes) -> str:
    raise ValueError("holds nothing")


def written(code: int, path: Path, *, named: bool = False) -> str:
    with pytest.raises(OperatorError) as caught, disk.write_faults(path):
        raise OSError(code, os.strerror(code), *([str(path / "deep.file")] if named else []))
    return str(caught.value)


def test_reads_and_parses(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    faults: list[str] = []
    assert disk.read(tmp_path / "file", bytes.decode, faults) == "abc"
    assert faults == []


def test_a_file_that_does_not_parse_is_a_fault_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    faults: list[str] = []
    assert disk.read(tmp_path / "file", refuse, faults) is None
    assert faults == [f"{tmp_path / 'file'}: holds nothing"]


def test_missing_files_and_folders_in_their_place_are_told_one_by_one(tmp_path: Path) -> None:
    faults: list[str] = []
    disk.read(tmp_path / "file", bytes.decode, faults)
    disk.read(tmp_path, bytes.decode, faults)
    assert faults == [
        f"{tmp_path / 'file'}: is missing",
        f"{tmp_path}: is a folder and must be a file: move it away, and put the file of a backup there if it is lost",
    ]


def test_a_pipe_or_what_is_far_too_long_is_told_and_waited_for_by_nobody(tmp_path: Path) -> None:
    faults: list[str] = []
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "long").open("wb") as file:
        file.truncate(1 << 30)
    for name in ("pipe", "long"):
        assert disk.read(tmp_path / name, bytes.decode, faults) is None
    assert "is not a file" in faults[0]
    assert "is longer than any such file" in faults[1]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.ENOSPC, FULL),
        (errno.EDQUOT, FULL),
        (errno.EROFS, "the volume is read-only: mount one there"),
        (errno.EPERM, "capabilities listed in compose.yaml"),
        (errno.EIO, "cannot use it: Input/output error"),
    ],
)
def test_each_way_to_fail_has_its_own_next_step(tmp_path: Path, code: int, sentence: str) -> None:
    assert sentence in written(code, tmp_path)
    assert written(code, tmp_path).startswith(f"{tmp_path}: ")


def test_names_the_file_that_failed_when_the_system_says_which(tmp_path: Path) -> None:
    assert written(errno.ENOSPC, tmp_path, named=True).startswith(f"{tmp_path / 'deep.file'}: ")


def test_a_refusal_of_access_names_the_nearest_place_with_its_owner_and_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o710)
    reason = f"because {tmp_path} belongs to uid {tmp_path.stat().st_uid} with mode 0710"
    assert f"uid {os.geteuid()} may not use it, {reason}" in written(errno.EACCES, tmp_path, named=True)


AS_NOBODY = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from app.errors import OperatorError
from app.trust.constraints import Names
from app.trust.own import load_own_certificate
from app.trust.store import ensure_own
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
folder, now = Path(sys.argv[1]), datetime.now(UTC)
for attempt in (
    lambda: ensure_own(folder / "closed", Names("dns.home.arpa", ()), now),
    lambda: ensure_own(folder / "new", Names("dns.home.arpa", ()), now),
    lambda: load_own_certificate(folder / "closed" / "cert.pem", folder / "key.pem", "dns.home.arpa", now),
):
    try:
        attempt()
    except OperatorError as error:
        print("; ".join(error.faults))
"""


@pytest.mark.server
def test_a_process_without_rights_says_which_uid_needs_access_to_what() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "closed").mkdir(mode=0o700)
        (folder / "key.pem").write_bytes(b"")
        (folder / "key.pem").chmod(0o600)
        done = subprocess.run([sys.executable, "-c", AS_NOBODY, folder], capture_output=True, text=True, check=True)
    closed, new, own = done.stdout.splitlines()
    denied = "because {} belongs to uid 0 with mode {}: give uid 65534 access, or run `chown 65534 {}`"
    assert denied.format(folder / "closed", "0700", folder / "closed") in closed
    assert denied.format(folder, "0755", folder) in new
    assert denied.format(folder / "closed", "0700", folder / "closed") in own
    assert f"{folder}/key.pem: uid 65534 may not use it" in own
    assert denied.format(folder / "key.pem", "0600", folder / "key.pem") in own
