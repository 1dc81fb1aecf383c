"""How long is a home without DNS over `docker compose up -d` with a new image?"""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .docker import docker
from .test_situations import Asking
from .test_update import HOST, Machine, machine

pytestmark = pytest.mark.image

MOST_S = 3.0
"""On a machine that has nothing else to do."""
NEXT = "homedot-test-next:gap"


def slowness() -> float:
    """How many times as long as its processor time a program takes to start: 1 on a machine with nothing else to do."""
    before, begun_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    for _ in range(5):
        subprocess.run([sys.executable, "-c", "import asyncio, http.client, ssl"], check=True)
    after, taken_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begun_s
    return max(taken_s / (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), 1.0)


@pytest.fixture
def following(image: str) -> Iterator[str]:
    """Another image: the same program, and one label."""
    docker("build", "-q", "-t", NEXT, "--label", "following=yes", "-", stdin=f"FROM {image}\n")
    yield NEXT
    docker("image", "rm", NEXT)


@pytest.fixture
def home(following: str, tmp_path: Path, clone: Path) -> Iterator[Machine]:
    with machine(tmp_path / "home", clone, HOST, "homedot-test-gap", "127.0.0.1") as made:
        (made.lists / "ads.txt").write_text("ads.example.com\n")
        made.choose(following)
        yield made


def test_a_new_image_leaves_a_home_without_dns_for_three_seconds_at_most(
    home: Machine, image: str, following: str
) -> None:
    home.start(image)
    busy = [slowness()]
    clients = [Asking(home.dot_port, anew=False), Asking(home.dot_port, anew=True)]
    for client in clients:
        client.start()
    try:
        time.sleep(0.5)  # of answers, with which a gap begins
        home.start(following)
        up_s = time.monotonic()
        while min(client.answered_s[-1] for client in clients) < up_s:
            assert time.monotonic() < up_s + 10, home.stack.log
            time.sleep(0.05)  # until both have been answered again
    finally:
        for client in clients:
            client.is_over.set()
            client.join()
    assert home.stack.inspect("{{.Config.Image}}") == following
    gaps_s = [client.longest_gap_s for client in clients]
    busy.append(slowness())
    print(f"longest gap on a kept connection {gaps_s[0]:.2f} s, for who connects anew {gaps_s[1]:.2f} s, busy {busy}")
    assert max(gaps_s) <= MOST_S * max(busy)
