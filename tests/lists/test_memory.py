from pathlib import Path

import pytest

from app.errors import NoRoomError
from app.lists.memory import check, free_octets, needed_octets

MB = 1_000_000


def cgroup(folder: Path, limit: str, current: int, cached: int = 0) -> Path:
    (folder / "memory.max").write_text(limit)
    (folder / "memory.current").write_text(str(current))
    (folder / "memory.stat").write_text(f"anon {current - cached}\ninactive_file {cached}\nactive_file 0\n")
    return folder


@pytest.mark.parametrize("names", [1_000_000, 3_000_000, 10_000_000])
def test_a_name_takes_little(names: int) -> None:
    assert needed_octets(names) <= 40 * MB + 40 * names


def test_what_the_kernel_can_drop_is_free(tmp_path: Path) -> None:
    assert free_octets(cgroup(tmp_path, str(192 * MB), 100 * MB, 30 * MB)) == 122 * MB


@pytest.mark.parametrize("limit", ["max", ""])
def test_without_a_limit_there_is_nothing_to_say(tmp_path: Path, limit: str) -> None:
    assert free_octets(cgroup(tmp_path, limit, MB)) is None
    check(100_000_000, tmp_path)
    check(100_000_000, tmp_path / "none")


def test_a_list_that_does_not_fit_is_told_with_the_memory_that_it_needs(tmp_path: Path) -> None:
    names = 100_000_000  # far more than whoever runs this test has in memory
    folder = cgroup(tmp_path, str(3000 * MB), 100 * MB)
    check(names, folder)
    cgroup(tmp_path, str(192 * MB), 150 * MB)
    with pytest.raises(NoRoomError, match=f"needs 1630 MB of memory to compile its {names} names"):
        check(names, folder)
