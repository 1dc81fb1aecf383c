"""Two workers against one, on a machine whose two cores the client would share with them.

The server's container gets a tenth of a core for each worker, so that the client, in a container of its own, is never
the limit; how much of a core the client used is printed beside the result, which is how one knows.
"""

import argparse
import json
import resource
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from tests.bench.client import dnsperf
from tests.bench.servers import Bench
from tests.internet import run

CORES_PER_WORKER = 0.1
CONNECTIONS = 200
SECONDS = 5.0
NAMES = 200
PORT = 8531
TARGET = 1.7
READY = Path("/tmp/ready")


def serve(workers: int) -> None:
    """Inside the server's container: serve until it is stopped."""
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as other, ExitStack() as stack:
        Path(other).chmod(0o755)
        bench = Bench(Path(name), stack.enter_context(run(Path(other))))
        stack.enter_context(bench.homedot(workers))
        dnsperf(PORT, _names(Path(name)), CONNECTIONS, CONNECTIONS, 2)  # every worker's cache is warm
        READY.touch()
        time.sleep(600)


def ask() -> None:
    """Inside the client's container: queries per second, and the share of a core that asking took."""
    with tempfile.TemporaryDirectory() as name:
        _, per_second = dnsperf(PORT, _names(Path(name)), CONNECTIONS, 2 * CONNECTIONS, SECONDS)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"per_second": per_second, "client_cores": (used.ru_utime + used.ru_stime) / SECONDS}))


def _names(folder: Path) -> Path:
    names = folder / "names.txt"
    names.write_text("".join(f"n{number}.wild.signed.test A\n" for number in range(NAMES)))
    return names


def measure(image: str, rounds: int) -> None:
    """On the machine itself: rounds of one worker and two."""
    figures: dict[int, list[float]] = defaultdict(list)
    busiest = 0.0
    for _ in range(rounds):
        for workers in (1, 2):
            result = _one(image, workers)
            figures[workers].append(result["per_second"])
            busiest = max(busiest, result["client_cores"])
    ratio = statistics.median(two / one for one, two in zip(figures[1], figures[2], strict=True))
    rounded = {workers: [round(value) for value in values] for workers, values in figures.items()}
    verdict = "met" if ratio >= TARGET else "MISSED"
    print(f"\nqueries/s of one worker {rounded[1]}, of two {rounded[2]}, {CORES_PER_WORKER} of a core each")
    print(f"    two / one: {ratio:.2f}  target at least {TARGET}: {verdict}; the client used {busiest:.2f} of its core")


def _one(image: str, workers: int) -> dict[str, float]:
    command = [*["docker", "run", "--detach", "--rm", "--cap-add", "SYS_PTRACE"], image]
    command += ["python3", "-m", "tests.bench.workers", "--serve", str(workers)]
    container = _run(command)
    try:
        deadline = time.monotonic() + 60
        while subprocess.run(["docker", "exec", container, "test", "-e", str(READY)], check=False).returncode:
            if time.monotonic() > deadline:
                raise RuntimeError("the server does not start")
            time.sleep(0.2)
        _run(["docker", "update", "--cpus", str(CORES_PER_WORKER * workers), container])
        client = ["docker", "run", "--rm", "--network", f"container:{container}", image]
        return dict(json.loads(_run([*client, "python3", "-m", "tests.bench.workers", "--ask"])))
    finally:
        _run(["docker", "stop", "--time", "1", container])


def _run(command: list[str]) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", type=int, default=0)
    parser.add_argument("--ask", action="store_true")
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
    elif arguments.ask:
        ask()


if __name__ == "__main__":
    main()
