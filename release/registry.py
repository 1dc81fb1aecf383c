"""What a registry holds, by digest."""

import json
from collections.abc import Sequence

from release.docker import docker


def digest(name: str) -> str:
    """`sha256:...` of the manifest, or of the index over several, that `name` means in its registry now."""
    told = json.loads(docker("buildx", "imagetools", "inspect", "--format={{json .Manifest}}", name))
    return str(told["digest"])


def repository(name: str) -> str:
    """A name without its tag and its digest: `registry:5000/a/b:1@sha256:...` -> `registry:5000/a/b`."""
    name = name.partition("@")[0]
    host, slash, last = name.rpartition("/")
    return host + slash + last.partition(":")[0]


def pinned(name: str) -> str:
    """`name` with the digest that it means now; the tag stays to be read, and no longer counts."""
    return name if "@" in name else f"{name}@{digest(name)}"


def push(name: str) -> str:
    """Push an image of this machine; return it by its digest there."""
    docker("push", "--quiet", name)
    return f"{repository(name)}@{digest(name)}"


def join(name: str, images: Sequence[str]) -> str:
    """Make `name` an index over images of its repository, one for each platform; return the index's digest."""
    docker("buildx", "imagetools", "create", f"--tag={name}", *images)
    return digest(name)
