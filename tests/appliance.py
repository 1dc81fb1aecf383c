"""The appliance, whole: bootstrap, supervisord and all programs, in a folder and on ports of its own.

It is that of this checkout, without Docker; with HOMEDOT_TEST_IMAGE set it is a container of that image.
"""

import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.doctor.healthcheck import check
from app.errors import OperatorError
from app.networks import HEALTH_CHECK

from . import container

CHECKOUT = Path(__file__).parent.parent
START = CHECKOUT / "rootfs/usr/local/lib/homedot/start"
PROGRAMS = ("python3", "-P", "-m", "app.programs")
"""What starts a program of the appliance, whose name follows."""
HOSTNAME = "dns.home.arpa"
DEADLINE_S = 30.0


@dataclass(frozen=True, slots=True)
class Appliance:
    """A running one. `root` is None with a certificate of the user's own."""

    folder: Path
    environment: Mapping[str, str]
    dot_port: int
    web_port: int
    process: subprocess.Popen[bytes]

    @property
    def root(self) -> Path:
        return self.folder / "run/public/root.pem"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def homedot(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command of the appliance's program line."""
        return self.run("homedot", *arguments)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run any command where the appliance runs."""
        return run(container.inside(self.folder.name, command) if container.IMAGE else command, self.environment)


def bootstrap(environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Prepare a start with `environment`, and start nothing."""
    return run([*PROGRAMS, "bootstrap"], environment)


def homedot(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `homedot ARGUMENTS` of this checkout with `environment` and nothing else of HOMEDOT_*."""
    return run(["homedot", *arguments], environment)


def run(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=clean(environment), capture_output=True, text=True, timeout=60, check=False)


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that finds this checkout's `homedot`."""
    binaries = f"{CHECKOUT}/.venv/bin:{CHECKOUT}/rootfs/usr/local/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": binaries, "LANG": "C.UTF-8", **environment}


def free_ports(count: int) -> list[int]:
    """Ports that nobody has right now, TCP and UDP, out of a range from which the kernel gives none to clients.

    Each is given once: until the tests end an abstract Unix socket of its number keeps other runs off it.
    """
    ports: list[int] = []
    while len(ports) < count:
        port = random.randrange(10_000, 20_000)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0homedot-test-port-{port}")
            with socket.create_server(("", port)), socket.socket(type=socket.SOCK_DGRAM) as datagrams:
                datagrams.bind(("", port))
        except OSError:
            claim.close()
            continue
        claim.detach()
        ports.append(port)
    return ports


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """A folder that the appliance's own users can enter, unlike pytest's."""
    path = Path(tempfile.mkdtemp(prefix="homedot-appliance-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def settings_in(folder: Path, **more: str) -> dict[str, str]:
    """Settings for an appliance in `folder` on free ports, without block lists; `more` wins."""
    dot, web, resolver = free_ports(3)
    return {
        "HOMEDOT_DATA_DIR": str(folder / "data"),
        "HOMEDOT_RUN_DIR": str(folder / "run"),
        "HOMEDOT_ADDRESSES": "127.0.0.1,::1",
        "HOMEDOT_DOT__PORT": str(dot),
        "HOMEDOT_WEB__PORT": str(web),
        "HOMEDOT_RESOLVER__PORT": str(resolver),
        "HOMEDOT_BLOCKING__ENABLED": "false",
        **more,
    }


def start_with_fast_minutes(folder: Path) -> Path:
    """A copy of what starts the appliance, made in `folder`, whose minutes have 6 seconds."""
    copy = Path(shutil.copytree(START.parent, folder / "start"))
    start = copy / START.name
    supervisor = "-m app.programs supervisor"
    fast = (
        "import os, sys; from supervisor import events; events.Tick60Event.period = 6; "
        "from app.programs.starting import start; sys.exit(start(['supervisor', sys.argv[1]], os.environ))"
    )
    text = start.read_text()
    assert supervisor in text
    start.write_text(text.replace(supervisor, f'-c "{fast}"'))
    return start


@contextmanager
def running(folder: Path, environment: Mapping[str, str], start: Path = START) -> Iterator[Appliance]:
    """Start it, wait until it answers, stop it with SIGTERM. Raises AssertionError with its log."""
    port = int(environment["HOMEDOT_DOT__PORT"])
    command = container.run(folder.name, folder, environment) if container.IMAGE else [start]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, env=clean(environment), stdout=log, stderr=log, cwd=CHECKOUT)
    appliance = Appliance(folder, environment, port, int(environment["HOMEDOT_WEB__PORT"]), process)
    try:
        wait_until_answering(appliance, environment.get("HOMEDOT_HOSTNAME", HOSTNAME))
        yield appliance
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            if container.IMAGE:
                run(["docker", "rm", "-f", folder.name], environment)
            raise


def wait_until_answering(appliance: Appliance, hostname: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        with suppress(OperatorError):
            check(appliance.dot_port, hostname, 3.0, HEALTH_CHECK)
            if appliance.environment.get("HOMEDOT_WEB__ENABLED") == "false" or _listens(appliance.web_port):
                return
        assert appliance.process.poll() is None, f"it ended:\n{appliance.log}"
        assert time.monotonic() < deadline, f"it does not answer:\n{appliance.log}"
        time.sleep(0.05)  # until it listens there is nothing to wait on


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def children(pid: int) -> list[int]:
    """The processes started by `pid`."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def command_line(pid: int) -> str:
    """Empty for a process that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def owner(pid: int) -> int:
    """The uid that `pid` runs as."""
    return Path(f"/proc/{pid}").stat().st_uid
