"""Whatever the machine and the container allow, the smallest counts."""

from pathlib import Path

import pytest

from app.errors import OperatorError
from app.host.memory import free_bytes, limit_bytes, require, shortage


def box(root: Path, groups: str, **files: str) -> Path:
    """A file system with /proc/self/cgroup `groups`, 2 GiB of memory, and `files` below /sys/fs/cgroup."""
    texts = {
        "proc/meminfo": "MemTotal:        2097152 kB\nMemFree:  1 kB\nMemAvailable:  1048576 kB\n",
        "proc/self/cgroup": groups,
    }
    for name, text in (texts | {f"sys/fs/cgroup/{name}": text for name, text in files.items()}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_without_a_limit_it_is_what_the_machine_has(tmp_path: Path) -> None:
    assert limit_bytes(box(tmp_path, "0::/\n", **{"memory.max": "max\n"})) == 2 << 30


def test_a_container_with_control_groups_version_2(tmp_path: Path) -> None:
    assert limit_bytes(box(tmp_path, "0::/\n", **{"memory.max": "134217728\n"})) == 128 << 20


def test_a_container_with_control_groups_version_1(tmp_path: Path) -> None:
    groups = "9:name=systemd:/\n4:memory:/docker/abc\n"
    assert limit_bytes(box(tmp_path, groups, **{"memory/memory.limit_in_bytes": "268435456\n"})) == 256 << 20


def test_a_service_of_systemd_is_bound_by_the_groups_around_it_too(tmp_path: Path) -> None:
    limits = {"system.slice/memory.max": "1073741824\n", "system.slice/homedot.service/memory.max": "max\n"}
    assert limit_bytes(box(tmp_path, "0::/system.slice/homedot.service\n", **limits)) == 1 << 30


def test_no_limit_in_version_1_is_a_number_too(tmp_path: Path) -> None:
    limits = {"memory/memory.limit_in_bytes": "9223372036854771712\n"}
    assert limit_bytes(box(tmp_path, "4:memory:/\n", **limits)) == 2 << 30


def test_a_machine_that_tells_nothing_counts_as_a_small_one(tmp_path: Path) -> None:
    assert limit_bytes(tmp_path) == 1 << 30


def test_this_machine_has_some() -> None:
    assert limit_bytes() > 64 << 20
    free = free_bytes()
    assert free is not None
    assert 0 < free <= limit_bytes()


MB = 1 << 20
USED = {"memory.current": f"{100 * MB}\n", "memory.stat": f"anon 1\ninactive_file {20 * MB}\nactive_file {10 * MB}\n"}
USED_1 = {
    "memory/memory.usage_in_bytes": f"{100 * MB}\n",
    "memory/memory.stat": f"inactive_file 1\ntotal_inactive_file {30 * MB}\n",
}


@pytest.mark.parametrize(
    ("groups", "files", "free_mb"),
    [
        ("0::/\n", {"memory.max": f"{192 * MB}\n", **USED}, 122),
        ("4:memory:/docker/abc\n", {"memory/memory.limit_in_bytes": f"{192 * MB}\n", **USED_1}, 122),
        ("0::/\n", {"memory.max": "max\n", **USED}, 1024),
        ("4:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712\n", **USED_1}, 1024),
        ("0::/\n", {"memory.max": f"{192 * MB}\n"}, 192),
        ("", {}, 1024),
    ],
)
def test_what_is_left_is_the_least_of_what_machine_and_groups_leave_with_what_the_kernel_can_drop(
    tmp_path: Path, groups: str, files: dict[str, str], free_mb: int
) -> None:
    assert free_bytes(box(tmp_path, groups, **files)) == free_mb * MB


def test_where_nothing_tells_what_is_left_nobody_knows(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) is None


def test_too_little_is_told_with_what_would_do(tmp_path: Path) -> None:
    require(box(tmp_path, "0::/\n", **{"memory.max": "100663296\n"}))
    (tmp_path / "sys/fs/cgroup/memory.max").write_text("67108864\n")
    with pytest.raises(OperatorError, match=r"there are 64 MB of memory, and 96 MB are the least: raise mem_limit"):
        require(tmp_path)


def test_where_lists_do_not_fit_the_box_says_so(tmp_path: Path) -> None:
    root = box(tmp_path, "0::/\n", **{"memory.max": "100663296\n"})
    assert shortage(root).startswith("there are 96 MB of memory: doing without block lists")
    (tmp_path / "sys/fs/cgroup/memory.max").write_text("134217728\n")
    assert shortage(root) == ""
