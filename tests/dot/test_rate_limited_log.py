from app.dot.rate_limited_log import RateLimitedLog
from tests.fakes.clock import Clock


def test_one_line_is_written_and_the_others_are_counted() -> None:
    clock = Clock()
    lines: list[str] = []
    write = RateLimitedLog(lines.append, clock, every_s=10)
    for number in range(5):
        write(f"line {number}")
    clock.now_s += 10
    write("later")
    clock.now_s += 10
    write("last")
    assert lines == ["line 0", "later (4 more like it before)", "last"]


def test_what_a_flood_left_out_is_told_when_it_is_over() -> None:
    written: list[str] = []
    clock = Clock()
    log = RateLimitedLog(written.append, clock)
    for number in range(10):
        log(f"refused {number}")
    log.tell()
    assert written == ["refused 0"]
    clock.now_s += 10
    for _ in range(3):
        log.tell()
    assert written == ["refused 0", "refused 9 (8 more like it before)"]
