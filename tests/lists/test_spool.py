import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lists.spool import Spool

NUMBERS = st.lists(st.integers(0, (1 << 64) - 1) | st.integers(0, 300) | st.just(1 << 56), max_size=60)


@given(st.lists(NUMBERS, min_size=1, max_size=4))
def test_numbers_come_back_once_in_order_in_256_slices(
    tmp_path_factory: pytest.TempPathFactory, runs: list[list[int]]
) -> None:
    with Spool(tmp_path_factory.mktemp("spool"), "x") as spool:
        for number, run in enumerate(runs):
            if number and len(spool):
                spool.spill()
            for each in run:
                spool.add(each)
        slices = list(spool.slices())
    assert [number for each in slices for number in each] == sorted({number for run in runs for number in run})
    assert len(slices) == 256
    assert all(number >> 56 == highest for highest, each in enumerate(slices) for number in each)


@given(st.lists(NUMBERS, min_size=1, max_size=4), NUMBERS)
def test_says_which_numbers_are_there_and_loses_none(
    tmp_path_factory: pytest.TempPathFactory, runs: list[list[int]], asked: list[int]
) -> None:
    every = {number for run in runs for number in run}
    with Spool(tmp_path_factory.mktemp("spool"), "x") as spool:
        for number, run in enumerate(runs):
            if number and len(spool):
                spool.spill()
            for each in run:
                spool.add(each)
        assert set(spool.among([*asked, *runs[0]])) == every & {*asked, *runs[0]}
        assert [number for each in spool.slices() for number in each] == sorted(every)


def test_is_full_after_some_thousands_and_empty_again_when_they_are_on_the_disk(tmp_path: Path) -> None:
    with Spool(tmp_path, "x") as spool:
        count = 0
        while not spool.is_full:
            spool.add(count)
            count += 1
        spool.spill()
        assert (spool.is_full, len(spool)) == (False, count)
        assert list(tmp_path.iterdir()) == []


FILLING = """
import sys
from pathlib import Path
from app.lists.spool import Spool
with Spool(Path(sys.argv[1]), "x") as spool:
    try:
        for run in range(100):
            for number in range(65536):
                spool.add(run << 20 | number)
            spool.spill()
    except Exception as error:
        print(repr(error))
"""


@pytest.mark.server
def test_a_disk_that_is_full_is_told(tmp_path: Path) -> None:
    small_disk = f'mount -t tmpfs -o size=1m none {tmp_path} && exec "$@"'
    command = ["unshare", "-rm", "sh", "-ec", small_disk, "sh", sys.executable, "-c", FILLING, str(tmp_path)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    assert ended.stdout == f"ListError('{tmp_path}: cannot be written: No space left on device')\n"


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with Spool(tmp_path, "x") as spool:
        spool.add(1)
        spool.spill()
        assert sum(map(len, spool.slices())) == 1
    assert len(os.listdir("/proc/self/fd")) == before
