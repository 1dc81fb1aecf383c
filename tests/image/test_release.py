"""`make release` for this machine's kind of processor: built, started, asked, described, pushed, and as one file."""

import json
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app import __version__
from tests.appliance import CHECKOUT, free_ports

from .docker import DEADLINE_S, docker

pytestmark = pytest.mark.image

PLATFORM = {"x86_64": "linux/amd64", "aarch64": "linux/arm64"}[platform.machine()]
BASE = "debian:trixie-slim"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """HOST:PORT of a registry that holds the base image."""
    folder = tmp_path_factory.mktemp("registry")
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    (folder / "registry.yml").write_text(
        f"version: 0.1\nhttp: {{addr: '{address}'}}\nstorage: {{filesystem: {{rootdirectory: '{folder}/blobs'}}}}\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", str(folder / "registry.yml")], stdout=log, stderr=log)
    try:
        deadline_s = time.monotonic() + DEADLINE_S
        while True:
            try:
                httpx.get(f"http://{address}/v2/").raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline_s, (folder / "log").read_text()
                time.sleep(0.1)  # until it listens there is nothing to wait on
        docker("tag", BASE, f"{address}/{BASE}")
        docker("push", "-q", f"{address}/{BASE}")
        docker("rmi", f"{address}/{BASE}")
        yield address
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def released(registry: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a release of the commit that is checked out has made."""
    folder = tmp_path_factory.mktemp("release")
    clone = folder / "clone"
    subprocess.run(["git", "clone", "-q", str(CHECKOUT), str(clone)], check=True)
    made = folder / "made"
    command = [sys.executable, "-m", "release", "--image", f"{registry}/homes/homedot", "--platforms", PLATFORM]
    done = subprocess.run(
        [*command, "--base", f"{registry}/{BASE}", "--source", "https://git.example.org/homedot", "--into", str(made)],
        cwd=clone, env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/root", "PYTHONPATH": str(clone)},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    print(done.stderr)
    return made


def test_what_a_release_holds_is_named_and_summed(released: Path, registry: str) -> None:
    stem = f"homedot-{__version__}-{PLATFORM.replace('/', '-')}"
    names = {"compose.yaml", "compose.bridge.yaml", f"{stem}.cdx.json", f"{stem}.tar.gz", "release.json", "SHA256SUMS"}
    assert {path.name for path in released.iterdir()} == names
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=released, check=True)
    image = f"{registry}/homes/homedot:{__version__}"
    for name in ("compose.yaml", "compose.bridge.yaml"):
        assert f"    image: {image}\n" in (released / name).read_text()


def test_the_pushed_image_says_what_it_is_made_of(released: Path) -> None:
    record = json.loads((released / "release.json").read_text())
    name = f"{record['image'].rpartition(':')[0]}@{record['digest']}"
    docker("pull", "-q", name)
    labels = json.loads(docker("image", "inspect", "--format", "{{json .Config.Labels}}", name).stdout)
    told = {key.removeprefix("org.opencontainers.image."): value for key, value in labels.items()}
    assert (told["version"], told["source"]) == (__version__, "https://git.example.org/homedot")
    assert record["revision"].startswith(told["revision"])
    assert told["created"] == record["created"]
    assert record["base"] == f"{told['base.name']}@{told['base.digest']}"
    said = docker("run", "--rm", name, "homedot", "version").stdout.strip()
    assert said == f"homedot {told['version']} (commit {told['revision']})"
    docker("rmi", name)


def test_the_bill_of_materials_has_the_engine_and_all_that_is_pinned(released: Path) -> None:
    (path,) = released.glob("*.cdx.json")
    components = {(each["name"], each["version"]) for each in json.loads(path.read_text())["components"]}
    pinned = {
        tuple(line.split(" ")[0].split("=="))
        for line in (CHECKOUT / "requirements.lock").read_text().splitlines()
        if "==" in line and not line.startswith((" ", "#")) and ";" not in line
    }
    assert len(pinned) > 10
    assert pinned <= components
    assert "unbound" in {name for name, _ in components}


def test_the_archive_is_the_same_image_for_who_has_no_registry(released: Path) -> None:
    record = json.loads((released / "release.json").read_text())
    (archive,) = released.glob("*.tar.gz")
    assert f"Loaded image: {record['image']}" in docker("load", "-i", str(archive)).stdout
    assert __version__ in docker("run", "--rm", record["image"], "homedot", "version").stdout
    docker("rmi", record["image"])


def test_a_release_does_not_write_over_another(released: Path, registry: str) -> None:
    clone = released.parent / "clone"
    command = [sys.executable, "-m", "release", "--image", f"{registry}/homes/homedot", "--into", str(released)]
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "what was released before is still there" in done.stderr
    shutil.rmtree(clone)
