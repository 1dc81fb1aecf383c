"""The appliance as a container of the image, on the machine's network, where tests expect that of the checkout."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

IMAGE = os.environ.get("HOMEDOT_TEST_IMAGE", "")
_COMPOSE = Path(__file__).parent.parent / "deploy/compose.yaml"


def rights() -> Sequence[str]:
    """Options that give a container what compose.yaml gives it, and no more."""
    service = yaml.safe_load(_COMPOSE.read_text())["services"]["homedot"]
    assert service["read_only"]
    listed = {"cap-drop": "cap_drop", "cap-add": "cap_add", "security-opt": "security_opt", "tmpfs": "tmpfs"}
    limits = [f"--memory={service['mem_limit']}", f"--pids-limit={service['pids_limit']}"]
    rights = (f"--{option}={value}" for option, key in listed.items() for value in service[key])
    return ["--read-only", *limits, *rights]


def run(name: str, folder: Path, environment: Mapping[str, str]) -> Sequence[str]:
    """The command that stays while the container `name` lives, and passes signals on to it.

    `folder`, and what settings point to outside of it, is at the same place inside.
    """
    paths = [Path(value) for value in environment.values() if value.startswith("/")]
    outside = {path.parent for path in paths if not path.is_relative_to(folder)}
    mounts = [f"--volume={folder}:{folder}", *(f"--volume={path}:{path}:ro" for path in sorted(outside))]
    settings = [f"--env={key}={value}" for key, value in environment.items()]
    return ["docker", "run", "--rm", f"--name={name}", "--network=host", *rights(), *mounts, *settings, IMAGE]


def inside(name: str, command: Sequence[str]) -> Sequence[str]:
    """The same command, to be run in the container `name`."""
    return ["docker", "exec", name, *command]
