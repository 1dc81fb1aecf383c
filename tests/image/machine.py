"""Another machine: an engine with nothing in it, on a network of its own, with an address at home."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.namespace import Namespace, namespace

ADDRESS = "192.168.77.10"
DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True)
class Machine:
    """Commands on it have `network` as their network, and the engine that listens on `socket`."""

    network: Namespace
    socket: Path

    def run(self, *command: str, folder: Path | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command as its owner does, in `folder`. What it printed is in the error if it fails."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("HOMEDOT", "COMPOSE"))}
        done = subprocess.run(
            [*self.network.enter, "env", "-C", str(folder or "/"), f"DOCKER_HOST=unix://{self.socket}", *command],
            env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return done

    def docker(self, *arguments: str) -> str:
        return self.run("docker", *arguments).stdout.strip()

    def forget_images(self) -> None:
        """As if none had ever been there."""
        self.docker("system", "prune", "--all", "--force")
        assert self.docker("images", "--all", "--quiet") == ""

    def strict_answer(self, root: Path, name: str) -> str:
        """What kdig says of `name`, once the box answers. The certificate that it trusts is fetched into `root`."""
        command = ["kdig", f"@{ADDRESS}", f"+tls-ca={root}", "+tls-hostname=dns.home.arpa", "+retry=0", "+timeout=5"]
        deadline_s = time.monotonic() + DEADLINE_S
        while True:
            fetched = self.run("curl", "-fsS", "-m", "5", "-o", str(root), f"http://{ADDRESS}:8853/ca.pem", check=False)
            if fetched.returncode == 0:
                answer = self.run(*command, name, check=False)
                if answer.returncode == 0:
                    return answer.stdout
            assert time.monotonic() < deadline_s, fetched.stderr
            time.sleep(0.05)  # Docker takes connections on a bridge's ports before anybody does in the container


@contextmanager
def machine() -> Iterator[Machine]:
    """Needs root and dockerd."""
    with tempfile.TemporaryDirectory(prefix="homedot.") as name, namespace() as network:
        folder = Path(name)
        network.run("ip", "link", "add", "lan", "type", "bridge")
        network.run("ip", "address", "add", f"{ADDRESS}/24", "dev", "lan")
        network.run("ip", "link", "set", "lan", "up")
        network.run("ip", "route", "add", "default", "via", "192.168.77.1")
        found = Machine(network, folder / "docker.sock")
        with (folder / "dockerd.log").open("wb") as log:
            engine = subprocess.Popen(
                [*network.enter, "dockerd", "--host", f"unix://{found.socket}", "--data-root", str(folder / "data"),
                 "--exec-root", str(folder / "exec"), "--pidfile", str(folder / "pid")],
                stdout=log, stderr=log,
            )  # fmt: skip
        try:
            deadline_s = time.monotonic() + DEADLINE_S
            while found.run("docker", "version", check=False).returncode:
                assert engine.poll() is None, (folder / "dockerd.log").read_text()
                assert time.monotonic() < deadline_s, (folder / "dockerd.log").read_text()
                time.sleep(0.1)  # until its socket is there, there is nothing to wait on
            yield found
        finally:
            engine.terminate()
            engine.wait(30)
