"""`git pull` from 0.1, whose settings file was tracked: nobody loses settings, and none fall silent."""

import subprocess
from pathlib import Path

import pytest

from app.config.load import load
from app.errors import OperatorError
from tests.appliance import CHECKOUT

EXAMPLE = (CHECKOUT / "config/homedot.example.yaml").read_text(encoding="utf-8")
MINE = EXAMPLE.replace("#hostname: dns.home.arpa", "hostname: dns.example.org")
TRACKED = "config/homedot.yaml"


def git(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    identity = ["-c", "user.name=Someone", "-c", "user.email=someone@example.com"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments], capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    return done


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone from before, in whose origin the file has become the example since."""
    origin, clone = tmp_path / "origin", tmp_path / "homedot"
    (origin / "config").mkdir(parents=True)
    git(origin, "init", "-q")
    (origin / TRACKED).write_text(EXAMPLE)
    git(origin, "add", ".")
    git(origin, "commit", "-q", "-m", "0.1.0")
    git(tmp_path, "clone", "-q", str(origin), str(clone))
    git(origin, "mv", TRACKED, "config/homedot.example.yaml")
    (origin / ".gitignore").write_text((CHECKOUT / ".gitignore").read_text())
    git(origin, "add", ".")
    git(origin, "commit", "-q", "-m", "0.2.0")
    return clone


def hostname(clone: Path) -> str:
    environment = {"HOMEDOT_CONFIG": str(clone / TRACKED)} if (clone / TRACKED).exists() else {}
    return load(environment).settings.hostname


def test_an_edited_file_stops_the_pull_and_the_three_lines_of_the_changelog_bring_it_over(clone: Path) -> None:
    (clone / TRACKED).write_text(MINE)
    stopped = git(clone, "pull", "--no-rebase", check=False)
    assert stopped.returncode != 0
    assert TRACKED in stopped.stderr
    assert (clone / TRACKED).read_text() == MINE
    (clone / TRACKED).rename(clone / "config/mine.yaml")
    git(clone, "checkout", TRACKED)
    git(clone, "pull", "--no-rebase")
    (clone / "config/mine.yaml").rename(clone / TRACKED)
    assert hostname(clone) == "dns.example.org"
    assert git(clone, "status", "--porcelain").stdout == ""


def test_a_file_that_nobody_edited_goes_and_nothing_changes(clone: Path) -> None:
    git(clone, "pull", "--no-rebase")
    assert not (clone / TRACKED).exists()
    assert hostname(clone) == "dns.home.arpa"


@pytest.mark.parametrize("kept_by", ["a commit", "a stash"])
def test_git_puts_somebodys_settings_into_the_example_and_a_start_says_so(clone: Path, kept_by: str) -> None:
    (clone / TRACKED).write_text(MINE)
    if kept_by == "a commit":
        git(clone, "commit", "-q", "-a", "-m", "mine")
        git(clone, "pull", "--no-rebase", "--no-edit")
    else:
        git(clone, "stash")
        git(clone, "pull", "--no-rebase")
        git(clone, "stash", "pop")
    assert not (clone / TRACKED).exists()
    (clone / "config/checkout.yaml").write_text("data_dir: data\n")
    with pytest.raises(OperatorError, match=r"homedot\.example\.yaml: is not read, but something is set in line"):
        load({"HOMEDOT_CONFIG": str(clone / "config/checkout.yaml")})
    (clone / "config/homedot.example.yaml").rename(clone / TRACKED)
    assert hostname(clone) == "dns.example.org"
