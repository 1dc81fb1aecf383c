"""Docker's command line. What fails there fails here, in Docker's own words."""

import os
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import OperatorError

_NO_ATTESTATIONS = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
"""The image alone: an attestation would make of each platform's image an index, which older engines cannot load."""


def docker(*arguments: str, given: bytes | None = None) -> str:
    """Run `docker ARGUMENTS` with `given` as its input; return what it printed, without white space around it.

    Raises OperatorError when it fails.
    """
    done = subprocess.run(
        ["docker", *arguments],
        input=given,
        capture_output=True,
        env=os.environ | _NO_ATTESTATIONS,
        check=False,
    )
    if done.returncode:
        raise OperatorError(f"docker {' '.join(arguments[:2])}: {done.stderr.decode().strip()}")
    return done.stdout.decode().strip()


@contextmanager
def container(image: str, platform: str, *options: str) -> Iterator[str]:
    """A container of `image` that is made with `options` and not started, by its id; removed in the end."""
    made = docker("create", "--platform", platform, *options, image)
    try:
        yield made
    finally:
        docker("rm", "--force", "--volumes", made)


@contextmanager
def exported(image: str, platform: str) -> Iterator[tarfile.TarFile]:
    """All files of an image as a stream, with those that Docker adds to a container of it."""
    with (
        container(image, platform) as made,
        subprocess.Popen(["docker", "export", made], stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as stream,
    ):
        yield stream
    if process.returncode:
        raise OperatorError(f"docker export of {image}: failed")
