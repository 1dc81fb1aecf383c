"""What root in a container lacks is one sentence with the way out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import OperatorError
from app.host import capabilities

ALL = 0x1FFFFFFFFFF
CHOWN, SETUID, NET_BIND_SERVICE = 1 << 0, 1 << 7, 1 << 10


def proc(folder: Path, effective: int, first: int = 1024) -> Path:
    (folder / "self").mkdir()
    (folder / "self/status").write_text(f"Name:\tpython3\nCapEff:\t{effective:016x}\nCapBnd:\t0\n")
    (folder / "sys/net/ipv4").mkdir(parents=True)
    (folder / "sys/net/ipv4/ip_unprivileged_port_start").write_text(f"{first}\n")
    return folder


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def test_who_has_all_that_is_needed_is_told_nothing(tmp_path: Path) -> None:
    capabilities.require([853], proc(tmp_path, ALL))


def test_all_that_is_missing_is_named_at_once_with_what_it_is_for(tmp_path: Path) -> None:
    with pytest.raises(OperatorError) as caught:
        capabilities.require([853, 8853], proc(tmp_path, ALL & ~CHOWN & ~SETUID & ~NET_BIND_SERVICE))
    told = str(caught.value)
    assert "lacks the capabilities CHOWN, SETUID, NET_BIND_SERVICE (" in told
    assert "; port 853)" in told
    assert "`cap_add: [CHOWN, SETUID, NET_BIND_SERVICE]`" in told


@pytest.mark.parametrize(("ports", "first"), [([8530], 1024), ([853], 0)])
def test_a_port_that_anybody_may_bind_needs_no_capability(tmp_path: Path, ports: list[int], first: int) -> None:
    capabilities.require(ports, proc(tmp_path, ALL & ~NET_BIND_SERVICE, first))


def test_an_ordinary_user_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    capabilities.require([853], proc(tmp_path, 0))


def test_where_the_kernel_tells_nothing_nothing_is_told(tmp_path: Path) -> None:
    capabilities.require([853], tmp_path)


@pytest.mark.server
def test_root_without_rights_is_told_so_by_the_kernel() -> None:
    code = "from app.host import capabilities; capabilities.require([8530])"
    command = ["setpriv", "--bounding-set=-setuid", "--inh-caps=-setuid", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "lacks the capability SETUID (each program runs as a user of its own)" in done.stderr
