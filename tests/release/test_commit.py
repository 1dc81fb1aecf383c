"""What a release is made of: one commit, whole, with its time and version."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from app.errors import OperatorError
from release import commit


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    environment = {"PATH": "/usr/bin:/bin", "GIT_COMMITTER_DATE": "2026-02-03T04:05:06Z", "HOME": str(folder)}
    subprocess.run(["git", *identity, *arguments], cwd=folder, env=environment, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/__init__.py").write_text('__version__ = "1.2.3"\n')
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_is_the_commit_that_is_checked_out_with_its_own_time(checkout: Path) -> None:
    found = commit.of(checkout)
    assert (found.version, found.created) == ("1.2.3", "2026-02-03T04:05:06Z")
    assert len(found.revision) == 40
    with tarfile.open(fileobj=io.BytesIO(found.archive)) as archive:
        assert {member.name: member.mtime for member in archive} == {
            "app": found.time_s, "app/__init__.py": found.time_s,
        }  # fmt: skip


def test_what_is_not_committed_is_refused_by_name(checkout: Path) -> None:
    (checkout / "app/__init__.py").write_text('__version__ = "9"\n')
    with pytest.raises(OperatorError, match=r"commit first what differs from it: app/__init__\.py"):
        commit.of(checkout)


def test_a_file_that_nobody_tracks_is_no_part_of_it(checkout: Path) -> None:
    (checkout / "notes").write_text("mine")
    assert b"notes" not in commit.of(checkout).archive


def test_without_a_repository_it_says_what_git_says(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="git status"):
        commit.of(tmp_path)
