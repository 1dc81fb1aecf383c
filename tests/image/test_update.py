"""A volume outlives the program: updated, put back, restored elsewhere, or refused and left as it is."""

import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.appliance import CHECKOUT, PROGRAMS, free_ports
from tests.documents import run_in

from .docker import DEADLINE_S, Stack, override

pytestmark = pytest.mark.image

BEFORE = "03af96c"
"""The commit before volumes had a version: whoever undoes the update from there must have DNS."""

HOST, BRIDGE = "compose.yaml", "compose.bridge.yaml"
ADS = "/lists/ads.txt"
KEPT = "cd /data && sha256sum ca/* tls/leaf.key web/token"


@pytest.fixture(scope="session")
def before() -> str:
    """The image of `BEFORE`, from the history of this checkout."""
    archive = subprocess.run(["git", "archive", BEFORE], cwd=CHECKOUT, capture_output=True, check=False)
    assert archive.returncode == 0, f"{BEFORE} is not in this clone: git fetch --unshallow\n{archive.stderr.decode()}"
    image = f"homedot-test-before:{BEFORE}"
    command = ["docker", "build", "-q", "-t", image, "-"]
    done = subprocess.run(command, input=archive.stdout, capture_output=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return image


@dataclass(frozen=True, slots=True)
class Machine:
    """An empty folder with one of the compose files, and a project, so a volume, of its own."""

    stack: Stack
    form: str
    address: str
    dot_port: int
    web_port: int

    @property
    def folder(self) -> Path:
        return self.stack.checkout

    @property
    def volume(self) -> str:
        return f"{self.stack.project}_data"

    @property
    def lists(self) -> Path:
        return self.folder / "lists"

    def choose(self, image: str) -> None:
        """Let `up` start this image."""
        settings = {
            "HOMEDOT_ADDRESSES": self.address,
            "HOMEDOT_RESOLVER__MODE": "recursive",
            "HOMEDOT_LOCAL": "nas.home.arpa=192.168.1.5",
            "HOMEDOT_BLOCKING__LISTS": ADS,
        }
        if self.form == HOST:
            (resolver,) = free_ports(1)
            ports = {"DOT__PORT": self.dot_port, "WEB__PORT": self.web_port, "RESOLVER__PORT": resolver}
            settings |= {f"HOMEDOT_{name}": str(port) for name, port in ports.items()}
        override(self.folder / "override.yaml", image, settings, {self.lists: "/lists"})

    def start(self, image: str) -> None:
        self.choose(image)
        self.stack.compose("up", "-d", "--no-build")
        self.wait()

    def wait(self) -> None:
        """Until the resolver answers the strictest client."""
        root = self.folder / "root.pem"
        give_up = time.monotonic() + DEADLINE_S
        while True:
            done = self.stack.exec("cat", "/run/homedot/public/root.pem", check=False)
            root.write_text(done.stdout)
            answer = self.ask("nas.home.arpa")
            if "192.168.1.5" in answer:
                return
            assert time.monotonic() < give_up, f"{answer}\n{self.stack.log}"
            time.sleep(0.1)  # until it listens there is nothing to wait on

    def ask(self, name: str) -> str:
        strict = [f"+tls-ca={self.folder / 'root.pem'}", "+tls-hostname=dns.home.arpa", "+retry=0", "+timeout=5"]
        command = ["kdig", "@127.0.0.1", "-p", str(self.dot_port), *strict, name, "A"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        return done.stdout + done.stderr

    def blocks_by_the_list(self) -> bool:
        return "0.0.0.0" in self.ask("ads.example.com")

    @property
    def told(self) -> Mapping[str, Any]:
        """What devices are told."""
        tree: Mapping[str, Any] = json.loads(self.stack.exec("cat", "/run/homedot/public/enrolment.json").stdout)
        return tree

    def kept(self) -> tuple[str, str, str]:
        """What must last: the files of the authority, the key and the token; root and pin as devices are told them."""
        return self.stack.exec("sh", "-c", KEPT).stdout, self.told["root_sha256"], self.told["spki_pin"]

    def shell(self, line: str) -> None:
        """Run a line as a user types it; all that it is told of the project stands in `.env`."""
        done = subprocess.run(
            ["sh", "-c", line], cwd=self.folder, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"

    def archive(self, image: str) -> bytes:
        """The whole volume, with owners, modes and times."""
        command = ["docker", "run", "--rm", "-v", f"{self.volume}:/data:ro", image, "tar", "-c", "-C", "/data", "."]
        return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout


@contextmanager
def machine(folder: Path, clone: Path, form: str, project: str, address: str = "192.168.7.1") -> Iterator[Machine]:
    folder.mkdir()
    shutil.copy(clone / form, folder)
    shutil.copytree(clone / "deploy", folder / "deploy")
    dot, web = free_ports(2)
    files = [folder / form, folder / "override.yaml"]
    if form == BRIDGE:
        published = f'"127.0.0.1:{dot}:853", "127.0.0.1:{web}:8853"'
        (folder / "ports.yaml").write_text(f"services:\n  homedot:\n    ports: !override [{published}]\n")
        files.append(folder / "ports.yaml")
    chosen = {
        "COMPOSE_PROJECT_NAME": project,
        "COMPOSE_FILE": ":".join(file.name for file in files),
        "HOMEDOT_ADDRESSES": address,
    }
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in chosen.items()))
    (folder / "lists").mkdir()
    made = Machine(Stack(folder, project, tuple(files)), form, address, dot, web)
    try:
        yield made
    finally:
        made.stack.compose("down", "-v")


@pytest.fixture
def home(tmp_path: Path, clone: Path) -> Iterator[Machine]:
    with machine(tmp_path / "home", clone, BRIDGE, "homedot-test-home") as made:
        (made.lists / "ads.txt").write_text("ads.example.com\n")
        made.choose("")
        yield made


def until_blocked(home: Machine) -> None:
    give_up = time.monotonic() + DEADLINE_S
    while not home.blocks_by_the_list():
        assert time.monotonic() < give_up, home.stack.log
        time.sleep(0.2)  # the front door looks for new lists every few seconds


def test_an_update_keeps_everything_and_who_undoes_it_has_dns(home: Machine, before: str, image: str) -> None:
    home.start(before)
    until_blocked(home)
    first = home.kept()
    for program in (image, before, image):
        home.start(program)
        assert home.kept() == first
        until_blocked(home)  # each compiles the list in its own form
        assert home.told["moved_on"] is None
        assert home.stack.exec("homedot", "healthcheck").returncode == 0
        assert not [
            line for line in home.stack.log.splitlines() if "homedot: warning" in line or "warning homedot:" in line
        ]
    assert '"version": 1' in home.stack.exec("cat", "/data/version.json").stdout


def test_what_a_later_image_adds_is_left_alone_and_stops_neither_of_them(
    home: Machine, before: str, image: str
) -> None:
    home.start(image)
    until_blocked(home)
    first = home.kept()
    added = """
import json, pathlib
data = pathlib.Path("/data")
for folder in (".", "ca", "tls", "web"):
    (data / folder / "later.bin").write_bytes(b"?")
(data / "later").mkdir()
for name in ("enrolment.json", "version.json"):
    tree = json.loads((data / name).read_text())
    (data / name).write_text(json.dumps(tree | {"colour": "red"}))
"""
    home.stack.exec("/opt/homedot/bin/python", "-c", added)
    for program in (before, image):
        home.start(program)
        assert home.kept()[1:] == first[1:]
        until_blocked(home)
        assert home.told["moved_on"] is None
        home.stack.exec("test", "-e", "/data/ca/later.bin", "-a", "-d", "/data/later")


def test_an_update_that_was_killed_in_between_leaves_a_volume_for_both(home: Machine, before: str, image: str) -> None:
    home.start(before)
    first = home.kept()
    for wait_s in (0.2, 0.4, 0.6, 0.8, 1.0, 1.3):
        home.choose(image)
        home.stack.compose("up", "-d", "--no-build")
        time.sleep(wait_s)  # a kill at every single step on the disk is in tests/cli/test_interrupted.py
        home.stack.compose("kill", "-s", "KILL")
        home.stack.compose("down")
    for program in (before, image):
        home.start(program)
        assert home.kept() == first


def test_a_volume_that_only_a_later_program_can_use_is_refused_in_words_and_left_as_it_is(
    home: Machine, image: str
) -> None:
    home.start(image)
    later = '{"version": 2, "written_by": "0.3.0"}'
    home.stack.exec("sh", "-c", f"echo '{later}' > /data/version.json && mkdir /data/next.later /data/unfinished")
    home.stack.compose("down")
    before = hashlib.sha256(home.archive(image)).hexdigest()
    for command in ((*PROGRAMS, "bootstrap"), ("homedot", "ca", "new", "--yes"), ("homedot", "key", "new", "--yes")):
        done = home.stack.compose("run", "--rm", "homedot", *command, check=False)
        assert done.returncode == 2
        assert "/data/version.json: the volume is of version 2" in done.stderr
        assert "start Homedot 0.3.0 again" in done.stderr
        assert hashlib.sha256(home.archive(image)).hexdigest() == before


def backup_and_restore() -> list[str]:
    """The three lines of docs/backup.md: write a backup, unpack it, start."""
    backup, _, restore = [block.text for block in run_in("pasted") if block.document == "docs/backup.md"][:3]
    lines = [line for text in (backup, restore) for line in text.splitlines()]
    assert len(lines) == 3
    return lines


BY_DOCKER_ALONE = (
    "(umask 077; docker exec CONTAINER tar -c -C /data --exclude ./lists . > homedot-backup.tar)",
    "docker run --rm -i -v VOLUME:/data IMAGE tar -x --no-same-owner -C /data < homedot-backup.tar",
)
"""For who pasted a compose file into a web page, which starts and stops it."""


def with_names(line: str, of: Machine, image: str) -> str:
    return line.replace("CONTAINER", of.stack.container).replace("VOLUME", of.volume).replace("IMAGE", image)


@pytest.mark.parametrize("form", [HOST, BRIDGE])
@pytest.mark.parametrize("has_compose", [True, False])
def test_a_backup_gives_another_machine_the_same_root_and_pin(
    clone: Path, tmp_path: Path, image: str, form: str, *, has_compose: bool
) -> None:
    backup, unpack, start = backup_and_restore()
    if not has_compose:
        backup, unpack = BY_DOCKER_ALONE
    with machine(tmp_path / "old", clone, form, "homedot-test-old", "192.168.7.1") as old:
        old.start(image)
        first = old.kept()
        old.shell(with_names(backup, old, image))
        assert (old.folder / "homedot-backup.tar").stat().st_mode & 0o077 == 0
    with machine(tmp_path / "new", clone, form, "homedot-test-new", "192.168.7.2") as new:
        new.choose(image)
        shutil.copy(old.folder / "homedot-backup.tar", new.folder)
        new.shell(with_names(unpack, new, image))
        new.shell(start)
        new.wait()
        assert new.kept() == first
        assert new.told["certified"] == ["192.168.7.2"]
        assert new.told["moved_on"] is not None


def test_a_backup_may_come_late_to_a_machine_that_has_made_an_authority(home: Machine, image: str) -> None:
    backup, unpack, _ = backup_and_restore()
    home.start(image)
    first = home.kept()
    home.shell(backup)
    home.stack.compose("down", "-v")
    home.start(image)
    assert home.kept() != first
    home.shell(unpack)
    home.stack.compose("restart")
    home.wait()
    assert home.kept() == first


def of_another_user(archive: bytes) -> bytes:
    """The same files, as a backup has them that an ordinary user copied."""
    copied = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as old, tarfile.open(fileobj=copied, mode="w") as new:
        for member in old:
            member.uid = member.gid = 1000
            member.uname = member.gname = ""
            new.addfile(member, old.extractfile(member))
    return copied.getvalue()


MADE_ITS_OWN = "docker compose run --rm homedot sh -c 'chown 0 /data /data/* && chown -R 0 /data'"
"""For a volume that was copied with the owners of another machine. The container's root may not do it in one step."""


@pytest.fixture
def unpacked_for_another_user(home: Machine, image: str) -> tuple[str, str, str]:
    """The volume as `tar` leaves it that gives each file to whom it belonged; and what must last."""
    home.start(image)
    first = home.kept()
    archive = of_another_user(home.archive(image))
    home.stack.compose("down", "-v")
    (home.folder / "homedot-backup.tar").write_bytes(archive)
    home.shell(with_names(BY_DOCKER_ALONE[1].replace(" --no-same-owner", ""), home, image))
    return first


def test_a_backup_of_another_users_files_is_taken(home: Machine, image: str) -> None:
    _, unpack, start = backup_and_restore()
    home.start(image)
    first = home.kept()
    archive = of_another_user(home.archive(image))
    home.stack.compose("down", "-v")
    (home.folder / "homedot-backup.tar").write_bytes(archive)
    home.shell(unpack)
    home.shell(start)
    home.wait()
    assert home.kept() == first


def test_a_volume_that_belongs_to_another_user_is_told_of_with_commands_that_mend_it(
    home: Machine, unpacked_for_another_user: tuple[str, str, str]
) -> None:
    for _ in range(8):
        done = home.stack.compose("run", "--rm", "homedot", *PROGRAMS, "bootstrap", check=False)
        commands = re.findall(r"`(chown [^`]+)`", done.stdout + done.stderr)
        if not commands:
            break
        for command in commands:
            home.shell(f"docker compose run --rm homedot {command}")
    assert done.returncode == 0, done.stderr
    home.shell("docker compose up -d")
    home.wait()
    assert home.kept() == unpacked_for_another_user


def test_a_volume_that_belongs_to_another_user_is_mended_by_one_line(
    home: Machine, unpacked_for_another_user: tuple[str, str, str]
) -> None:
    home.shell(MADE_ITS_OWN)
    home.shell("docker compose up -d")
    home.wait()
    assert home.kept() == unpacked_for_another_user
    warnings = [line for line in home.stack.log.splitlines() if "warning" in line]
    assert not [line for line in warnings if "container network" not in line and "bridge network" not in line]
    for folder in ("", "ca", "tls", "web"):
        home.stack.exec("sh", "-c", f"touch /data/{folder}/new && rm /data/{folder}/new")
