"""`python -m tests.soak.asking PORT`: a home's devices ask until stdin ends; then the spans are told, in s, as JSON.

A process of its own, so that nothing that a test does meanwhile is taken for time that an answer took.
"""

import json
import select
import subprocess
import sys
import time
from itertools import count
from types import TracebackType

from tests.appliance import CHECKOUT
from tests.bench.client import Client

_KINDS = ("signed.test", "n{}.wild.signed.test", "ads{}.of1.example")
"""A name that is in the cache, one that was never asked, and one that may be blocked."""
_BETWEEN_S = 0.010


def main() -> None:
    found = list[float]()
    with Client(int(sys.argv[1])) as client:
        for number in count():
            name = _KINDS[number % len(_KINDS)].format(number)
            begun_s = time.perf_counter()
            client.ask(name)
            found.append(time.perf_counter() - begun_s)
            if select.select([sys.stdin], [], [], _BETWEEN_S)[0]:
                break
    json.dump(found, sys.stdout)


class Devices:
    """They ask from now on, until `spans_s`."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(port)], cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> "Devices":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def spans_s(self) -> list[float]:
        told, _ = self._process.communicate(timeout=30)
        assert self._process.returncode == 0
        spans: list[float] = json.loads(told)
        return spans


if __name__ == "__main__":
    main()
