import os
from pathlib import Path

from app.dot.connection_log import LINES_PER_MINUTE, ConnectionLog
from app.networks import HEALTH_CHECK
from tests.fakes.clock import Clock


def test_lines_are_written_together() -> None:
    written: list[str] = []
    log = ConnectionLog(written.append, Clock(), "dot: ")
    log.note("10.0.0.1", 1001, "opened")
    log.note("10.0.0.1", 1001, "closed")
    assert written == []
    log.flush()
    log.flush()
    assert written == ["dot: 10.0.0.1 port 1001 opened\ndot: 10.0.0.1 port 1001 closed\n"]


def test_lines_that_nobody_takes_are_lost_and_the_next_are_written(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    where = [writing, os.open("/dev/full", os.O_WRONLY), os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)]
    descriptors = iter(where)
    log = ConnectionLog(lambda lines: os.write(next(descriptors), lines.encode()), Clock())
    for what in ("met no reader", "met no room", "met both"):
        log.note("10.0.0.1", 1, what)
        log.flush()
    for descriptor in where:
        os.close(descriptor)
    assert (tmp_path / "log").read_text() == "10.0.0.1 port 1 met both\n"


def test_a_crowd_cannot_fill_the_log_and_what_is_left_out_is_counted() -> None:
    written: list[str] = []
    clock = Clock()
    log = ConnectionLog(written.append, clock)
    for _ in range(240):  # a quarter of a second each: a minute
        for port in range(1000):
            log.note("10.0.0.1", port, "opened")
        log.flush()
        clock.now_s += 0.25
    log.flush()
    lines = "".join(written).splitlines()
    assert len(lines) == LINES_PER_MINUTE + 1
    assert lines[-1] == f"{240 * 1000 - LINES_PER_MINUTE} more lines about connections left out"


def test_after_a_minute_there_is_room_again_and_what_is_told_is_told_once() -> None:
    written: list[str] = []
    clock = Clock()
    log = ConnectionLog(written.append, clock)
    for _ in range(LINES_PER_MINUTE + 1):
        log.note("10.0.0.1", 1, "opened")
    log.flush()
    written.clear()
    clock.now_s += 60
    log.flush()
    for _ in range(LINES_PER_MINUTE):
        log.note("10.0.0.2", 2, "opened")
    log.flush()
    clock.now_s += 60
    log.flush()
    lines = "".join(written).splitlines()
    assert lines == ["1 more lines about connections left out", *["10.0.0.2 port 2 opened"] * LINES_PER_MINUTE]


def test_what_was_left_out_is_told_at_the_end_too() -> None:
    written: list[str] = []
    log = ConnectionLog(written.append, Clock())
    for _ in range(LINES_PER_MINUTE + 7):
        log.note("10.0.0.1", 1, "opened")
    log.close()
    assert "".join(written).splitlines()[-1] == "7 more lines about connections left out"


def test_when_it_is_not_wanted_nothing_is_written_not_even_what_was_left_out() -> None:
    written: list[str] = []
    log = ConnectionLog(written.append, Clock(), enabled=False)
    for _ in range(LINES_PER_MINUTE + 1):
        log.note("10.0.0.1", 1, "opened")
    log.close()
    assert written == []


def test_the_health_check_does_not_bury_the_others_lines() -> None:
    written: list[str] = []
    log = ConnectionLog(written.append, Clock())
    for own in ("127.0.0.1", "::1", HEALTH_CHECK):
        log.note(own, 1, "opened")
    log.close()
    assert written == []
