"""One running stack for the tests that only look; each of the others starts its own."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import __version__
from tests.appliance import CHECKOUT
from tests.internet import Internet

from .docker import Stack, docker, override

IMAGE = os.environ.get("HOMEDOT_TEST_IMAGE", f"homedot:{__version__}")


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of this checkout, as git would hand them out, in another folder."""
    folder = tmp_path_factory.mktemp("clone")
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=CHECKOUT, capture_output=True, check=True
    ).stdout
    archive = subprocess.run(["tar", "-cT", "-"], input=names, cwd=CHECKOUT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x"], input=archive, cwd=folder, check=True)
    return folder


@pytest.fixture(scope="session")
def in_internet(internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compose file that puts the service into the tests' own internet."""
    return override(
        tmp_path_factory.mktemp("compose") / "internet.yaml",
        IMAGE,
        {
            "HOMEDOT_ADDRESSES": "127.0.0.1",
            "HOMEDOT_RESOLVER__ROOT_HINTS": "/internet/root.hints",
            "HOMEDOT_RESOLVER__TRUST_ANCHOR": "/internet/root.key",
        },
        {internet.root_hints.parent: "/internet"},
    )


@pytest.fixture(scope="session")
def stack(clone: Path, in_internet: Path) -> Iterator[Stack]:
    """`docker compose up` in a fresh clone."""
    running = Stack(clone, "homedot-test-host", (clone / "compose.yaml", in_internet))
    running.compose("up", "-d", "--no-build")
    try:
        yield running
    finally:
        running.compose("down", "-v")


@pytest.fixture(scope="session")
def image() -> str:
    docker("image", "inspect", IMAGE)
    return IMAGE
