"""One platform's image: built from a commit on a base that is named by its digest."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from release.commit import Commit
from release.docker import docker

PLATFORMS = ("linux/amd64", "linux/arm64")
"""What the Dockerfile can build for. Not armv7: cffi and PyYAML have no wheels for it."""


def labels(commit: Commit, base: str, source: str) -> Mapping[str, str]:
    """The annotations of the OCI image specification that a release alone can know; without `source` if not told."""
    name, _, digest = base.partition("@")
    known = {"created": commit.created, "base.name": name, "base.digest": digest, "source": source}
    return {f"org.opencontainers.image.{key}": value for key, value in known.items() if value}


def build(commit: Commit, platform: str, base: str, source: str, *output: str) -> None:
    """Build anew, with the packages of today, and put the result where `output` says: options of `docker build`."""
    arguments = {
        "BASE_IMAGE": base,
        "VERSION": commit.version,
        "REVISION": commit.revision[:7],
        "SOURCE_DATE_EPOCH": commit.time_s,
    }
    options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    options += [f"--label={name}={value}" for name, value in labels(commit, base, source).items()]
    options += ["--no-cache", "--progress=plain", f"--platform={platform}", *output]
    docker("buildx", "build", *options, "-", given=commit.archive)


def size_bytes(image: str) -> int:
    """What the image takes on a disk, unpacked."""
    return int(docker("image", "inspect", "--format={{.Size}}", image))


def save(image: str, name: str, into: Path) -> None:
    """Write what `docker load` takes to `into`.gz; the image is then called `name`."""
    docker("tag", image, name)
    docker("save", "--output", str(into), name)
    docker("rmi", name)
    into.chmod(0o644)  # Docker keeps it to itself
    subprocess.run(["gzip", "--no-name", str(into)], check=True)
