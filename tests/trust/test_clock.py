import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.trust import clock

WRITTEN = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize("now", [WRITTEN, WRITTEN - timedelta(hours=23), WRITTEN + timedelta(days=3650)])
def test_a_clock_that_may_be_right_is_believed(now: datetime) -> None:
    assert clock.believed(now, WRITTEN) == now


@pytest.mark.parametrize("year", [1970, 2019])
def test_there_is_no_time_before_the_program_was_written(year: int) -> None:
    assert clock.believed(datetime(year, 1, 1, tzinfo=UTC), WRITTEN) is None


def test_it_was_written_when_its_newest_module_was(tmp_path: Path) -> None:
    for name, day in (("a.py", 3), ("room/b.py", 5), ("room/c.pyc", 7)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
        moment = datetime(2026, 6, day, tzinfo=UTC).timestamp()
        os.utime(tmp_path / name, (moment, moment))
    assert clock.written(tmp_path) == datetime(2026, 6, 5, tzinfo=UTC)


def test_now_is_after_this_version_was_written() -> None:
    now = clock.now()
    assert now is not None
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)
