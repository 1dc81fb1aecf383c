import os
import subprocess
import sys
from pathlib import Path

from app.programs.process_memory import resident_bytes


def process(proc: Path, number: int, parent: int, command: str, pages: int, *, name: str = "python3") -> None:
    folder = proc / str(number)
    folder.mkdir()
    (folder / "stat").write_text(f"{number} ({name}) S {parent} 1 1 0 -1\n")
    (folder / "statm").write_text(f"99999 {pages} 1 1 0 1 0\n")
    (folder / "cmdline").write_bytes(command.replace(" ", "\0").encode() + b"\0")


def test_each_program_has_its_own_and_that_of_what_it_started(tmp_path: Path) -> None:
    run = "python3 -P -m app.programs"
    process(tmp_path, 1, 0, f"{run} supervisor /supervisord.conf", 1)
    process(tmp_path, 7, 1, "/usr/sbin/unbound -d -c /run/unbound.conf", 20, name="a ) S 1 (b")
    process(tmp_path, 8, 1, f"{run} front", 300)
    process(tmp_path, 9, 8, f"{run} front", 4000)
    process(tmp_path, 10, 9, "anything", 50_000)
    process(tmp_path, 11, 1, f"{run} lists", 5)
    process(tmp_path, 12, 1, "sleep 60", 6)
    process(tmp_path, 13, 0, f"{run} web", 7)
    (tmp_path / "14").mkdir()  # it has just ended
    (tmp_path / "self").mkdir()
    page = os.sysconf("SC_PAGESIZE")
    assert resident_bytes(1, tmp_path) == {
        "supervisor": page, "unbound": 20 * page, "dot": 54_300 * page, "lists": 5 * page,
    }  # fmt: skip


def test_a_real_process_is_measured() -> None:
    command = [sys.executable, "-c", "input()", "app.programs", "web"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as child:
        found = resident_bytes(os.getpid())
        child.communicate(b"\n")
    assert found["web"] > 1_000_000
    assert found["supervisor"] > found["web"]


def test_where_nothing_is_shown_nothing_is_told(tmp_path: Path) -> None:
    assert resident_bytes(1, tmp_path) == {}
