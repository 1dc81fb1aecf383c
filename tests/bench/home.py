"""A whole container with a million blocked names: its memory, and its way from the start to the first answer.

Needs an engine and an image (HOMEDOT_IMAGE); the tests' own internet stands on this machine.
"""

import os
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app import __version__
from tests.appliance import free_ports
from tests.bench.client import Client
from tests.bench.lists import NAMES, made_up
from tests.internet import Internet, run

IMAGE = os.environ.get("HOMEDOT_IMAGE", f"homedot:{__version__}")
QUERIES = 10_000
ROUNDS = 5
DEADLINE_S = 120.0


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="homedot-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        listed = folder / "list.txt"
        names = made_up(NAMES)
        listed.write_text("\n".join(names))
        listed.chmod(0o644)
        (folder / "internet").mkdir(mode=0o755)
        with run(folder / "internet") as internet:
            _measure(internet, listed, names[:: len(names) // 100])


def _measure(internet: Internet, listed: Path, blocked: list[str]) -> None:
    volume = _docker("volume", "create")
    try:
        with started(internet, listed, volume, blocking=True) as (container, port):
            _until_blocked(port, blocked[0])
            _ask_many(port, blocked)
            _show_memory(container)
        spans: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(ROUNDS):
            for blocking in (True, False):
                begun_s = time.monotonic()
                with started(internet, listed, volume, blocking=blocking) as (_, port):
                    _first_answer(port)
                    spans[blocking].append(time.monotonic() - begun_s)
        medians = {blocking: statistics.median(each) for blocking, each in spans.items()}
        print(f"container start to first answer: {medians[True]:.2f} s with the list, {medians[False]:.2f} s without")
        rounded = {blocking: [round(span, 2) for span in each] for blocking, each in spans.items()}
        print(f"    each round: {rounded[True]} with, {rounded[False]} without")
    finally:
        _docker("volume", "rm", volume)


@contextmanager
def started(internet: Internet, listed: Path, volume: str, *, blocking: bool) -> Iterator[tuple[str, int]]:
    """A running container's id and its port of DNS over TLS."""
    dot, web, resolver = free_ports(3)
    environment = {
        "ADDRESSES": "127.0.0.1",
        "BLOCKING__ENABLED": str(blocking).lower(),
        "BLOCKING__LISTS": "/listed/list.txt",
        "DOT__PORT": str(dot),
        "WEB__PORT": str(web),
        "RESOLVER__PORT": str(resolver),
        "RESOLVER__ROOT_HINTS": "/internet/root.hints",
        "RESOLVER__TRUST_ANCHOR": "/internet/root.key",
    }
    options = [part for key, value in environment.items() for part in ("-e", f"HOMEDOT_{key}={value}")]
    for source, target in ((volume, "/data"), (listed.parent, "/listed"), (internet.root_hints.parent, "/internet")):
        options += ["-v", f"{source}:{target}"]
    container = _docker("run", "--detach", "--network", "host", *options, IMAGE)
    try:
        yield container, dot
    finally:
        _docker("stop", container)
        _docker("rm", container)


def _first_answer(port: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            with Client(port) as client:
                client.ask("www.signed.test")
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _until_blocked(port: int, name: str) -> None:
    """The list is compiled after the start, and then there is an address that is none."""
    deadline = time.monotonic() + DEADLINE_S
    _first_answer(port)
    while True:
        with Client(port) as client:
            if client.ask(name).find(b"\0\4\0\0\0\0") >= 0:
                return
        if time.monotonic() > deadline:
            raise RuntimeError("the list is not in force")
        time.sleep(0.2)


def _ask_many(port: int, blocked: list[str]) -> None:
    dice = random.Random(1)
    with Client(port) as client:
        for number in range(QUERIES):
            client.ask(dice.choice(blocked) if number % 10 == 0 else f"h{number}.wild.signed.test")


def _show_memory(container: str) -> None:
    total_kb = 0
    for line in _docker("top", container, "-o", "pid,args").splitlines()[1:]:
        pid, _, command = line.strip().partition(" ")
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        pss_kb = next(int(entry.split()[1]) for entry in rollup.splitlines() if entry.startswith("Pss:"))
        total_kb += pss_kb
        print(f"    {pss_kb / 1024:6.1f} MB  {command.strip()}")
    print(f"{total_kb / 1024:.1f} MB in all (PSS) with {NAMES} blocked names after {QUERIES} different queries")


def _docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


if __name__ == "__main__":
    main()
