"""Where homes put it: file systems without owners, closed files, few rights, little memory. Each is served or told."""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from app.host.supervision import RENEWING

from .docker import docker

pytestmark = pytest.mark.image

SETTINGS = ("HOMEDOT_ADDRESSES=127.0.0.1", "HOMEDOT_RESOLVER__MODE=recursive", "HOMEDOT_BLOCKING__ENABLED=false")
FOREIGN = {
    "ignored": ("-u", "0", "-g", "0", "-p", "0755", "--chown-ignore", "--chgrp-ignore", "--chmod-ignore"),
    "refused": ("-u", "65534", "-g", "65534", "-p", "a+rwX", "--chown-deny", "--chgrp-deny"),
}
"""What root in a container meets on CIFS and exFAT, and on NFS with root_squash."""


def told(image: str, *options: str) -> str:
    """What a start says that ends by itself, with the exit code for what the operator must mend."""
    settings = (f"--env={each}" for each in SETTINGS)
    done = docker("run", "--rm", f"--name=homedot-test-{uuid4().hex[:8]}", *settings, *options, image, check=False)
    assert done.returncode == 2
    log = done.stdout + done.stderr
    assert "Traceback" not in log
    return log


@pytest.fixture(params=list(FOREIGN))
def foreign(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    below, mounted = tmp_path / "below", tmp_path / "mounted"
    below.mkdir()
    mounted.mkdir()
    subprocess.run(["bindfs", "-o", "allow_other", *FOREIGN[request.param], below, mounted], check=True)
    try:
        yield mounted
    finally:
        subprocess.run(["umount", mounted], check=True)


def test_a_volume_that_keeps_no_owners_is_told_before_a_key_lies_there(image: str, foreign: Path) -> None:
    log = told(image, f"--volume={foreign}:/data")
    assert "/data: is on a file system (fuse) that does not keep owners and modes" in log
    assert list(foreign.iterdir()) == []


def test_missing_capabilities_are_named(image: str) -> None:
    log = told(image, "--cap-drop=ALL", "--cap-add=CHOWN", "--cap-add=KILL", "--cap-add=NET_BIND_SERVICE")
    assert "`cap_add: [SETGID, SETUID]`" in log


def test_too_little_memory_is_refused_with_what_would_do(image: str) -> None:
    assert "there are 64 MB of memory, and 96 MB are the least" in told(image, "--memory=64m", "--memory-swap=64m")


class Container:
    def __init__(self, image: str, *options: str) -> None:
        self.name = f"homedot-test-{uuid4().hex[:8]}"
        settings = (f"--env={each}" for each in SETTINGS)
        docker("run", "--detach", f"--name={self.name}", "--network=none", *settings, *options, image)

    @property
    def log(self) -> str:
        said = docker("logs", self.name)
        return said.stdout + said.stderr

    def healthcheck(self) -> "subprocess.CompletedProcess[str]":
        return docker("exec", self.name, "homedot", "healthcheck", check=False)

    def until_healthy(self) -> None:
        deadline_s = time.monotonic() + 60
        while self.healthcheck().returncode:
            assert time.monotonic() < deadline_s, self.log
            time.sleep(0.2)  # until it listens there is nothing to wait on


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A configuration of an administrator with umask 077."""
    folder = tmp_path / "config"
    folder.mkdir(mode=0o700)
    (folder / "homedot.yaml").write_text("dot:\n  allow_from: [192.168.1.0/24]\n")
    (folder / "homedot.yaml").chmod(0o600)
    return folder


def test_closed_files_few_descriptors_no_folder_for_temporary_files_and_a_hangup_end_nothing(
    image: str, closed: Path
) -> None:
    options = (f"--volume={closed}:/config:ro", "--read-only", "--tmpfs=/run", "--ulimit=nofile=512:512")
    container = Container(image, *options, "--tmpfs=/data")
    try:
        container.until_healthy()
        (closed / "homedot.yaml").write_text("dto:\n")
        docker("kill", f"--signal={signal.SIGHUP.name}", container.name)
        deadline_s = time.monotonic() + 30
        while "there is no such setting" not in container.log:
            assert time.monotonic() < deadline_s, container.log
            time.sleep(0.2)  # until upkeep has looked
        assert RENEWING in container.log
        assert container.healthcheck().returncode == 0
        assert "Traceback" not in container.log
        assert "keeps failing" not in container.log
    finally:
        docker("rm", "--force", "--volumes", container.name)


def test_where_memory_is_short_lists_give_way_and_dns_does_not(image: str, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("ads.example\n")
    lists = ("--env=HOMEDOT_BLOCKING__ENABLED=true", "--env=HOMEDOT_BLOCKING__LISTS=/config/list.txt")
    container = Container(image, "--memory=96m", "--memory-swap=96m", f"--volume={tmp_path}:/config:ro", *lists)
    try:
        container.until_healthy()
        assert "there are 96 MB of memory: doing without block lists" in container.log
        assert "programs lists" not in docker("top", container.name).stdout
    finally:
        docker("rm", "--force", "--volumes", container.name)
