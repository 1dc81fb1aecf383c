import os
from pathlib import Path

from app.dot.journal import Journal


def test_lines_are_written_together() -> None:
    written: list[str] = []
    journal = Journal(written.append, "dot: ")
    journal.note("one")
    journal.note("two")
    assert written == []
    journal.flush()
    journal.flush()
    assert written == ["dot: one\ndot: two\n"]


def test_lines_that_nobody_takes_are_lost_and_the_next_are_written(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    where = [writing, os.open("/dev/full", os.O_WRONLY), os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)]
    descriptors = iter(where)
    journal = Journal(lambda lines: os.write(next(descriptors), lines.encode()))
    for line in ("no reader", "no room", "both"):
        journal.note(line)
        journal.flush()
    for descriptor in where:
        os.close(descriptor)
    assert (tmp_path / "log").read_text() == "both\n"


def test_a_flood_of_lines_is_not_kept_in_memory() -> None:
    written: list[str] = []
    journal = Journal(written.append)
    for number in range(2500):
        journal.note(str(number))
    assert len(written) == 2
