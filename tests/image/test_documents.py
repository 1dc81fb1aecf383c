"""The commands of README and docs/, run as they stand in the places that they name, one after the other.

Only what surrounds them is the tests' own: the machine gets the address of the documents, the container the tests'
internet, and the project another name, so that nobody's own Homedot is touched.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import __version__
from tests.documents import Block, run_in
from tests.internet import FORWARDER, Internet
from tests.internet.forwarder import PLAIN_PORT
from tests.internet.valve import valve

from .docker import DEADLINE_S, docker

pytestmark = pytest.mark.image

ADDRESS = "192.168.1.10"
RELAY_PORT = 5300
LIST = "list.txt"
"""Where the internet is the tests' own, the default one is missing, and `homedot lists` says that it is."""
PASTED_IMAGE = f"homedot:{__version__}"
PROJECT = "homedot-test-documents"
RIGHTS_OF_SYSTEMD = ("--cap-add=SYS_ADMIN", "--security-opt=seccomp=unconfined", "--cgroupns=private", "--tmpfs=/run")
SAYS = {
    "kdig @": r"Flags: [^;]* ad[; ][\s\S]*",
    "docker compose logs": r"Or open this page: http://",
    "docker compose exec homedot homedot doctor": r"^Nothing is wrong\.$|\"verdict\": \"pass\"",
    "docker compose exec homedot homedot version": re.escape(__version__),
    "curl -f http://192.168.1.10:8853/healthz": r"^ok$",
    "resolvectl query": r"encrypted transport: yes",
}
"""What the answer to some commands must look like; of all others the exit code must be 0."""

STORIES = [
    (name, block) for name in ("clone", "pasted", "clone-bridge", "pasted-bridge", "linux") for block in run_in(name)
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader types: `shell` runs a script that follows as its last argument, in `folder`."""

    folder: Path
    shell: Sequence[str] = ("sh", "-e", "-c")

    def run(self, script: str, *, check: bool = True) -> str:
        """What it prints. Raises AssertionError if it fails."""
        done = subprocess.run(
            [*self.shell, script], cwd=self.folder, env=_environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{script}{done.stdout}"
        return done.stdout

    def settle(self) -> None:
        """Wait as a reader does, until what was started answers."""
        give_up = time.monotonic() + DEADLINE_S
        while self.run("docker compose ps -q --status running --status restarting homedot"):
            if "unhealthy" not in self.run("docker compose exec -T homedot homedot healthcheck || echo unhealthy"):
                return
            assert time.monotonic() < give_up, self.run("docker compose logs")
            time.sleep(0.2)  # until it listens there is nothing to wait on


def _environment() -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("HOMEDOT_", "COMPOSE_"))}
    return mine | {"COMPOSE_PROJECT_NAME": PROJECT}


@pytest.fixture(scope="module")
def machine(internet: Internet) -> Iterator[None]:
    """This machine has the address of the documents, and a name server there that containers on a bridge reach."""
    had = subprocess.run(["ip", "-br", "address"], capture_output=True, text=True, check=True).stdout
    if f" {ADDRESS}/" not in had:
        subprocess.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"], check=True)
    try:
        with valve((ADDRESS, RELAY_PORT), (internet.address(FORWARDER), PLAIN_PORT)):
            yield
    finally:
        if f" {ADDRESS}/" not in had:
            subprocess.run(["ip", "address", "del", f"{ADDRESS}/32", "dev", "lo"], check=True)


@pytest.fixture(scope="module")
def pasted_image() -> Iterator[str]:
    """The image under the name that the pasted files have."""
    tested = os.environ.get("HOMEDOT_TEST_IMAGE", "homedot:latest")
    before = docker("image", "inspect", "-f", "{{.Id}}", PASTED_IMAGE, check=False).stdout.strip()
    docker("tag", tested, PASTED_IMAGE)
    yield PASTED_IMAGE
    if before:
        docker("tag", before, PASTED_IMAGE)
    elif tested != PASTED_IMAGE:
        docker("image", "rm", PASTED_IMAGE)


@pytest.fixture(scope="module")
def enter(
    machine: None, pasted_image: str, internet: Internet, clone: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Place]]:
    """Gives one of documents.PLACES, the same as long as it is asked for."""
    stay = ExitStack()
    entered: dict[str, Place] = {}

    def at(name: str) -> Place:
        if name not in entered:
            stay.close()
            entered.clear()
            make = {"clone": in_clone, "pasted": in_folder, "linux": on_linux}[name.partition("-")[0]]
            folder = tmp_path_factory.mktemp(name) / "homedot"
            entered[name] = stay.enter_context(make(folder, clone, internet, bridge=name.endswith("-bridge")))
        return entered[name]

    with stay:
        yield at


@contextmanager
def in_clone(folder: Path, clone: Path, internet: Internet, *, bridge: bool) -> Iterator[Place]:
    origin = folder.parent / "origin"
    shutil.copytree(clone, origin)
    identity = ["-c", "user.name=reader", "-c", "user.email=reader@example.com"]
    for words in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "all"]):
        subprocess.run(["git", *words], cwd=origin, check=True)
    subprocess.run(["git", "clone", "-q", str(origin), str(folder)], check=True)
    if bridge:  # .env names the file, so that no other is read
        _settings_of_the_bridge(folder / "config", internet, "/config")
    else:
        _override(folder, internet, bridge=bridge)
    with _ended(Place(folder)) as made:
        yield made


@contextmanager
def in_folder(folder: Path, clone: Path, internet: Internet, *, bridge: bool) -> Iterator[Place]:
    folder.mkdir()
    shutil.copy(clone / "deploy" / ("compose.bridge.yaml" if bridge else "compose.yaml"), folder / "compose.yaml")
    _override(folder, internet, bridge=bridge)
    for block in run_in("clone"):
        for line in block.text.splitlines():
            if line.startswith("docker save "):
                Place(folder).run(line)  # the archive that was carried over
    with _ended(Place(folder)) as made:
        yield made


@contextmanager
def on_linux(folder: Path, clone: Path, internet: Internet, *, bridge: bool) -> Iterator[Place]:
    with in_folder(folder, clone, internet, bridge=bridge) as box:
        box.run("docker compose up -d")
        box.settle()
        built = docker("build", "-q", "-f", str(clone / "tests/image/linux.Dockerfile"), str(clone / "tests/image"))
        container = docker("run", "-d", *RIGHTS_OF_SYSTEMD, built.stdout.strip()).stdout.strip()
        try:
            docker("exec", container, "sh", "-c", "until systemctl is-active systemd-resolved; do sleep 0.2; done")
            yield Place(folder, ("docker", "exec", container, "sh", "-e", "-c"))
        finally:
            docker("rm", "-fv", container)


@contextmanager
def _ended(made: Place) -> Iterator[Place]:
    try:
        yield made
    finally:
        made.run("docker compose down --volumes --timeout 10")


def _override(folder: Path, internet: Internet, *, bridge: bool) -> None:
    """The file that compose reads beside compose.yaml by itself."""
    within = folder / "internet"
    within.mkdir()
    for file in (internet.root_hints, internet.trust_anchor):
        shutil.copy(file, within)
    (within / LIST).write_text("||ads.example^\n")
    if bridge:
        given = {"MODE": "forward", "FORWARD": f"{ADDRESS}@{RELAY_PORT}", "TRUST_ANCHOR": "/internet/root.key"}
    else:
        given = {"MODE": "recursive", "ROOT_HINTS": "/internet/root.hints", "TRUST_ANCHOR": "/internet/root.key"}
    lines = ["services:", "  homedot:", f"    volumes: [{within}:/internet:ro]", "    environment:"]
    lines += [f"      HOMEDOT_RESOLVER__{name}: {value}" for name, value in given.items()]
    lines += [f"      HOMEDOT_BLOCKING__LISTS: /internet/{LIST}"]
    (folder / "compose.override.yaml").write_text("\n".join(lines) + "\n")


def _settings_of_the_bridge(config: Path, internet: Internet, inside: str) -> None:
    shutil.copy(internet.trust_anchor, config)
    (config / LIST).write_text("||ads.example^\n")
    lines = [
        "resolver:",
        "  mode: forward",
        f"  forward: [{ADDRESS}@{RELAY_PORT}]",
        f"  trust_anchor: {inside}/root.key",
        "blocking:",
        f"  lists: [{inside}/{LIST}]",
    ]
    (config / "homedot.yaml").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(("name", "block"), STORIES, ids=[f"{name}-{block.where}" for name, block in STORIES])
def test_what_is_written_works(enter: Callable[[str], Place], name: str, block: Block) -> None:
    place = enter(name)
    said = place.run(block.text)
    for command, pattern in SAYS.items():
        if any(line.startswith(command) for line in block.text.splitlines()):
            assert re.search(pattern, said, re.MULTILINE), f"{block.text}{said}"
    if place.shell[0] == "sh":
        place.settle()
