"""An empty folder and one pasted file: a strict client is answered. On a machine that has no image yet."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.host.addresses import CONTAINERS_OWN
from release.paste import FILES, text

from .machine import ADDRESS, DEADLINE_S, Machine, machine

pytestmark = pytest.mark.image

REGISTRY = "127.0.0.1:5000"
NO_ADDRESS = 'HOMEDOT_ADDRESSES: ""'


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Machine]:
    with machine() as found:
        yield found


@pytest.fixture(scope="module")
def archive(image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image as `make image-archive` writes it."""
    path = tmp_path_factory.mktemp("archive") / "homedot.tar.gz"
    line = f"docker save {image} | gzip -1 > {path}"
    subprocess.run(["bash", "-euo", "pipefail", "-c", line], check=True, timeout=300)
    return path


@pytest.fixture(scope="module")
def published(elsewhere: Machine, archive: Path, image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of the image in a registry of that machine's network, whose engine has no image."""
    folder = tmp_path_factory.mktemp("registry")
    settings = folder / "registry.yml"
    settings.write_text(
        f"version: 0.1\nhttp: {{addr: '{REGISTRY}'}}\nstorage: {{filesystem: {{rootdirectory: '{folder}/blobs'}}}}\n"
    )
    with (folder / "log").open("wb") as log:
        command = [*elsewhere.network.enter, "docker-registry", "serve", str(settings)]
        registry = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline_s = time.monotonic() + DEADLINE_S
        while elsewhere.run("curl", "-fsS", f"http://{REGISTRY}/v2/", check=False).returncode:
            assert registry.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline_s, (folder / "log").read_text()
            time.sleep(0.1)  # until it listens there is nothing to wait on
        name = f"{REGISTRY}/homes/homedot:{image.rpartition(':')[2]}"
        elsewhere.docker("load", "-q", "-i", str(archive))
        elsewhere.docker("tag", image, name)
        elsewhere.docker("push", "-q", name)
        elsewhere.forget_images()
        yield name
    finally:
        registry.terminate()
        registry.wait(30)


def pasted(name: str, image: str) -> str:
    """A file as its reader leaves it: with the address of the machine where it asks for that."""
    content = text(name, image)
    assert NO_ADDRESS in content
    return content if name == "compose.yaml" else content.replace(NO_ADDRESS, f"HOMEDOT_ADDRESSES: {ADDRESS}")


@contextmanager
def put_up(elsewhere: Machine, folder: Path, content: str) -> Iterator[None]:
    (folder / "compose.yaml").write_text(content)
    try:
        elsewhere.run("docker", "compose", "up", "-d", folder=folder)
        yield
    finally:
        elsewhere.run("docker", "compose", "down", "-v", folder=folder)


@pytest.mark.parametrize("name", FILES)
def test_one_pasted_file_is_enough_where_the_image_is_in_a_registry(
    elsewhere: Machine, published: str, tmp_path: Path, name: str
) -> None:
    elsewhere.forget_images()
    folder = tmp_path / "empty"
    folder.mkdir()
    begun_s = time.monotonic()
    with put_up(elsewhere, folder, pasted(name, published)):
        answer = elsewhere.strict_answer(tmp_path / "root.pem", "dns.home.arpa")
        print(f"{name}: {time.monotonic() - begun_s:.1f} s from `up` with no image to the first strict answer")
        assert "status: NOERROR" in answer
        assert ADDRESS in answer
        elsewhere.run("docker", "compose", "restart", folder=folder)
        begun_s = time.monotonic()
        elsewhere.strict_answer(tmp_path / "root.pem", "dns.home.arpa")
        print(f"{name}: {time.monotonic() - begun_s:.1f} s from a restart to the first strict answer")


def test_an_archive_and_one_pasted_file_are_enough_without_a_registry(
    elsewhere: Machine, archive: Path, image: str, tmp_path: Path
) -> None:
    elsewhere.forget_images()
    assert f"Loaded image: {image}" in elsewhere.docker("load", "-i", str(archive))
    with put_up(elsewhere, tmp_path, pasted("compose.yaml", image)):
        assert "status: NOERROR" in elsewhere.strict_answer(tmp_path / "root.pem", "dns.home.arpa")


def test_the_bridge_form_pasted_as_it_is_says_in_its_log_what_to_write(
    elsewhere: Machine, archive: Path, image: str, tmp_path: Path
) -> None:
    elsewhere.docker("load", "-q", "-i", str(archive))
    with put_up(elsewhere, tmp_path, text("compose.bridge.yaml", image)):
        deadline_s = time.monotonic() + DEADLINE_S
        while CONTAINERS_OWN not in (log := elsewhere.run("docker", "compose", "logs", folder=tmp_path).stdout):
            assert time.monotonic() < deadline_s, log
            time.sleep(0.1)
        assert "in the compose file like HOMEDOT_ADDRESSES: 192.168.1.10" in log
