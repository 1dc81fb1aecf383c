"""Docker and compose as a user types them."""

import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

DEADLINE_S = 30.0


def docker(
    *arguments: str, check: bool = True, timeout_s: float = 300, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `docker ARGUMENTS`; what it printed is in the error if it fails."""
    command = ["docker", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert not check or done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    return done


@dataclass(frozen=True, slots=True)
class Stack:
    """A compose project from the files of `checkout`."""

    checkout: Path
    project: str
    files: tuple[Path, ...]

    def compose(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        named = [part for file in self.files for part in ("-f", str(file))]
        return docker("compose", "-p", self.project, *named, *arguments, check=check)

    def shell(self, folder: Path, lines: str) -> None:
        """Run lines as a user types them, with `docker compose` meaning this project."""
        files = ":".join(map(str, self.files))
        environment = os.environ | {"COMPOSE_PROJECT_NAME": self.project, "COMPOSE_FILE": files}
        done = subprocess.run(
            ["sh", "-c", lines], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{lines}\n{done.stdout}{done.stderr}"

    @property
    def container(self) -> str:
        return self.compose("ps", "-aq", "homedot").stdout.strip()

    def exec(self, *command: str, user: str = "root", check: bool = True) -> subprocess.CompletedProcess[str]:
        return docker("exec", "--user", user, self.container, *command, check=check)

    @property
    def log(self) -> str:
        done = docker("logs", self.container)
        return done.stdout + done.stderr

    def inspect(self, field: str) -> str:
        return docker("inspect", "-f", field, self.container).stdout.strip()

    def seconds_since_start(self) -> float:
        started = datetime.fromisoformat(self.inspect("{{.State.StartedAt}}")[:26].rstrip("Z") + "+00:00")
        return (datetime.now(UTC) - started).total_seconds()


def fetch(url: str) -> bytes:
    """The body at `url`, waiting for the server to come up."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        done = subprocess.run(["curl", "-fsS", "-m", "5", url], capture_output=True, check=False)
        if done.returncode == 0:
            return done.stdout
        assert time.monotonic() < deadline, done.stderr.decode()
        time.sleep(0.05)  # until it listens there is nothing to wait on


def override(path: Path, image: str, environment: Mapping[str, str], mounts: Mapping[Path, str]) -> Path:
    """A compose file that runs `image`, and adds `environment` and read-only `mounts` to the service."""
    service = {
        "image": image,
        "environment": dict(environment),
        "volumes": [f"{source}:{target}:ro" for source, target in mounts.items()],
    }
    path.write_text(yaml.safe_dump({"services": {"homedot": service}}))
    return path
