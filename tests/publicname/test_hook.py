import os
import time
from pathlib import Path

import pytest

from app.errors import PublicNameError
from app.publicname.hook import Hook


def written(tmp_path: Path, script: str) -> str:
    path = tmp_path / "hook"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_it_is_told_what_to_do_and_has_the_token_on_standard_input(tmp_path: Path) -> None:
    said = tmp_path / "said"
    hook = Hook(written(tmp_path, f'echo "$@ $(cat)" >> {said}'), "a.example.org", "s3cret")
    hook.check()
    hook.set_text("_acme-challenge.a.example.org", "value")
    hook.remove_text("_acme-challenge.a.example.org", "value")
    hook.set_addresses(["192.168.1.10", "fd00::10"])
    assert said.read_text().splitlines() == [
        "set-text _acme-challenge.a.example.org value s3cret",
        "remove-text _acme-challenge.a.example.org value s3cret",
        "set-addresses a.example.org 192.168.1.10 fd00::10 s3cret",
    ]


def test_nothing_of_ours_is_in_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEDOT_PUBLIC__TOKEN", "s3cret")
    said = tmp_path / "said"
    Hook(written(tmp_path, f"env > {said}"), "a.example.org").set_addresses([])
    assert "HOMEDOT" not in said.read_text()


def test_why_it_failed_is_told_in_one_short_line(tmp_path: Path) -> None:
    hook = Hook(written(tmp_path, "printf 'no\\033[2J luck\\nat all' >&2; exit 3"), "a.example.org")
    with pytest.raises(PublicNameError, match="set-text failed with 3: no") as caught:
        hook.set_text("n", "v")
    assert "\033" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not caught.value.is_of_settings


@pytest.mark.parametrize("stream", ["1", "2"])
def test_junk_without_end_ends(tmp_path: Path, stream: str) -> None:
    hook = Hook(written(tmp_path, f"yes junk >&{stream} & echo $! > {tmp_path}/pid; wait; exit 1"), "a", None, 2.0)
    with pytest.raises(PublicNameError):
        hook.set_text("n", "v")
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    hook = Hook(written(tmp_path, f"sleep 600 & echo $! > {tmp_path}/pid; wait"), "a.example.org", None, 0.3)
    with pytest.raises(PublicNameError, match="was not done within"):
        hook.set_text("n", "v")
    assert is_gone(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize(("mode", "content"), [(0o644, "#!/bin/sh"), (0o755, "no program")])
def test_what_cannot_be_run_is_for_the_operator(tmp_path: Path, mode: int, content: str) -> None:
    path = tmp_path / "hook"
    path.write_text(content)
    path.chmod(mode)
    hook = Hook(str(path), "a.example.org")
    with pytest.raises(PublicNameError, match="cannot be run") as caught:
        hook.check()
        hook.set_text("n", "v")
    assert caught.value.is_of_settings


def test_one_that_reads_nothing_does_no_harm(tmp_path: Path) -> None:
    Hook(written(tmp_path, "exec 0<&-"), "a.example.org", "t" * 4096).set_addresses([])


def is_gone(pid: int) -> bool:
    """Within a second, as a signal may take a moment."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.01)
    return False
