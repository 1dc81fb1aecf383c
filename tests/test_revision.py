"""Which Homedot is this? Told alike by an image and by every kind of checkout."""

import subprocess
from pathlib import Path

import pytest

from app import __version__
from app.revision import commit, commit_of, told


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Someone", "-c", "user.email=someone@example.com"]
    done = subprocess.run(["git", "-C", str(folder), *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "homedot"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "the first")
    return folder


def head(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD")


def test_a_checkout_tells_the_commit_of_its_branch(checkout: Path) -> None:
    assert commit_of(checkout) == head(checkout)
    before = head(checkout)
    git(checkout, "commit", "-q", "--allow-empty", "-m", "the second")
    assert commit_of(checkout) == head(checkout) != before


def test_so_does_one_whose_refs_are_packed_and_that_has_more_than_one(checkout: Path) -> None:
    git(checkout, "tag", "-a", "0.1.0", "-m", "a tag that git describes in a second line")
    git(checkout, "branch", "other/main")
    git(checkout, "commit", "-q", "--allow-empty", "-m", "the second")
    git(checkout, "pack-refs", "--all")
    assert not (checkout / ".git/refs/heads/main").exists()
    assert commit_of(checkout) == head(checkout)


def test_so_does_one_of_a_release_where_no_branch_is_checked_out(checkout: Path) -> None:
    git(checkout, "checkout", "-q", "--detach")
    assert commit_of(checkout) == head(checkout)


def test_so_does_a_worktree(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "worktree", "add", "-q", "-b", "beside", str(tmp_path / "beside"))
    git(tmp_path / "beside", "commit", "-q", "--allow-empty", "-m", "only there")
    assert commit_of(tmp_path / "beside") == head(tmp_path / "beside") != head(checkout)


def test_files_without_git_and_a_checkout_without_a_commit_say_that_it_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    assert told(tmp_path / "app") == f"homedot {__version__} (commit not known)"
    git(tmp_path, "init", "-q")
    assert told(tmp_path / "app") == f"homedot {__version__} (commit not known)"


def test_an_image_tells_the_commit_that_it_was_built_from(checkout: Path) -> None:
    (checkout / "app").mkdir()
    assert told(checkout / "app") == f"homedot {__version__} (commit {head(checkout)[:7]})"
    (checkout / "app/COMMIT").write_text("1358eebdc5f8ed5a62fe203af96c0123456789ab\n")
    assert told(checkout / "app") == f"homedot {__version__} (commit 1358eeb)"


def test_the_commit_alone_is_as_short_as_people_are_told(checkout: Path) -> None:
    app = checkout / "app"
    app.mkdir()
    assert commit(app) == head(checkout)[:7]
    (app / "COMMIT").write_text("0123456789abcdef\n")
    assert commit(app) == "0123456"
    assert commit(checkout) == ""
