"""Start an image as its compose file does, and ask it as a strict device does: from outside, chain and name checked."""

import subprocess
import tempfile
import time
from pathlib import Path

import yaml

from app.errors import OperatorError
from release import paste
from release.docker import container, docker

HOSTNAME = "dns.home.arpa"
ROOT = "/run/homedot/public/root.pem"
NAME = "health.invalid"
"""Known to unbound in the box alone: an answer shows that both the front door and unbound are there."""
DEADLINE_S = 180.0
"""From start to the first answer. An emulated processor needs most of a minute."""


def rights() -> list[str]:
    """Options of `docker create` that give what the bridge form of the compose file gives, and no more."""
    service = yaml.safe_load(paste.text("compose.bridge.yaml", "homedot"))["services"]["homedot"]
    listed = {"cap-drop": "cap_drop", "cap-add": "cap_add", "security-opt": "security_opt", "tmpfs": "tmpfs"}
    return ["--read-only", *(f"--{option}={value}" for option, key in listed.items() for value in service[key])]


def ask(image: str, platform: str) -> float:
    """Seconds from the start of a container of `image` until kdig had its first answer.

    Raises OperatorError if there is none in DEADLINE_S, with the container's log.
    """
    options = ["--publish=127.0.0.1::853"]
    options += ["--env=HOMEDOT_ADDRESSES=127.0.0.1", "--env=HOMEDOT_RESOLVER__MODE=recursive"]
    with (
        tempfile.TemporaryDirectory() as folder,
        container(image, platform, *rights(), *options) as made,
    ):
        docker("start", made)
        started = time.monotonic()
        root = Path(folder) / "root.pem"
        while time.monotonic() < started + DEADLINE_S:
            # Docker takes connections on the port before anybody does in the container: there is nothing to wait on
            if _answered(made, root):
                return time.monotonic() - started
            time.sleep(0.2)
        raise OperatorError(f"{image}: no strict answer within {DEADLINE_S:g} s\n{docker('logs', made)}")


def _answered(made: str, root: Path) -> bool:
    """Whether there is a root by now, and a client that trusts it alone gets an answer by DNS over TLS."""
    try:
        root.write_text(docker("exec", made, "cat", ROOT))
        address, _, port = docker("port", made, "853/tcp").splitlines()[0].rpartition(":")
    except OperatorError:
        return False
    strictly = [f"+tls-ca={root}", f"+tls-hostname={HOSTNAME}", "+retry=0", "+timeout=20"]
    done = subprocess.run(
        ["kdig", f"@{address}", "-p", port, *strictly, NAME], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode == 0 and "status: NOERROR" in done.stdout
