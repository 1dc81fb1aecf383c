"""Runs inside the container: interleaved rounds, CPU from the kernel's accounting, ratios pair by pair."""

import argparse
import json
import ssl
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench.client import Client, context, dnsperf, query
from tests.bench.servers import Bench, Server
from tests.internet import run

ARTIFACTS = Path("/artifacts")
CACHED_NAMES = 200
IDLE_CONNECTIONS = 1000


@dataclass(frozen=True)
class Plan:
    rounds: int
    seconds: float
    handshakes: int
    new_names: int


PLANS = {False: Plan(5, 2, 1500, 20_000), True: Plan(3, 1, 300, 6_000)}

TARGETS = {
    ("cached, 10 x 100, CPU us/query", "dnsdist"): ("at most", 0.65),
    ("cached, 10 x 100, CPU us/query", "unbound"): ("at most", 0.40),
    ("cached, 10 x 100, CPU us/query", "bind"): ("at most", 0.40),
    ("cached, 10 x 100, queries/s", "dnsdist"): ("at least", 1.4),
    ("cached, 10 x 100, queries/s", "unbound"): ("at least", 2.2),
    ("cached, 50 x 1, CPU us/query", "dnsdist"): ("at most", 1.0),
    ("full handshake, CPU us", "unbound"): ("at most", 1.15),
    ("resumed handshake, CPU us", "unbound"): ("at most", 1.15),
    ("name never seen, CPU us/query", "unbound"): ("at most", 1.8),
}


class Results:
    """Figures by what was measured, by server, one for each round."""

    def __init__(self) -> None:
        self.figures: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, what: str, server: str, value: float) -> None:
        self.figures[what][server].append(value)
        with (ARTIFACTS / "bench.jsonl").open("a") as raw:
            raw.write(json.dumps({"what": what, "server": server, "value": round(value, 3)}) + "\n")

    def table(self) -> Iterator[str]:
        for what, servers in self.figures.items():
            medians = {server: statistics.median(values) for server, values in servers.items()}
            yield f"\n{what}: " + ", ".join(f"{server} {value:.2f}" for server, value in medians.items())
            ours = servers["homedot"]
            for server, theirs in servers.items():
                if server == "homedot":
                    continue
                ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
                sign, target = TARGETS.get((what, server), ("", 0.0))
                verdict = ""
                if sign:
                    met = ratio <= target if sign == "at most" else ratio >= target
                    verdict = f"  target {sign} {target}: {'met' if met else 'MISSED'}"
                yield f"    homedot / {server}: {ratio:.2f}{verdict}"


def cached(server: Server, names: Path, plan: Plan, results: Results, *, connections: int, outstanding: int) -> None:
    label = "cached, 10 x 100" if outstanding == 100 else "cached, 50 x 1"
    before_s = server.cpu_s()
    answered, per_second = dnsperf(server.port, names, connections, outstanding, plan.seconds)
    results.add(f"{label}, CPU us/query", server.name, (server.cpu_s() - before_s) * 1e6 / answered)
    results.add(f"{label}, queries/s", server.name, per_second)


def handshakes(server: Server, plan: Plan, results: Results) -> None:
    made = context()
    before_s = server.cpu_s()
    for _ in range(plan.handshakes):
        Client(server.port, made).tls.close()
    results.add("full handshake, CPU us", server.name, (server.cpu_s() - before_s) * 1e6 / plan.handshakes)
    with Client(server.port, made) as client:
        client.ask("n0.wild.signed.test")  # the ticket comes before the answer
        session = client.tls.session
    before_s = server.cpu_s()
    reused = 0
    for _ in range(plan.handshakes):
        with Client(server.port, made, session) as client:
            reused += bool(client.tls.session_reused)
    if reused < plan.handshakes * 0.9:
        print(f"{server.name}: only {reused} of {plan.handshakes} handshakes were resumed")
    results.add("resumed handshake, CPU us", server.name, (server.cpu_s() - before_s) * 1e6 / plan.handshakes)


def never_seen(server: Server, folder: Path, plan: Plan, results: Results, turn: int) -> None:
    names = folder / "new.txt"
    with names.open("w") as file:
        for number in range(plan.new_names * 4):
            file.write(f"r{turn}x{number}.wild.signed.test A\n")
    before_s = server.cpu_s()
    answered, _ = dnsperf(server.port, names, 10, 100, plan.seconds)
    if answered > plan.new_names * 4:
        raise RuntimeError("the names ran out: the plan needs more of them")
    results.add("name never seen, CPU us/query", server.name, (server.cpu_s() - before_s) * 1e6 / answered)


def memory(server: Server, results: Results) -> None:
    made = context()
    with ExitStack() as stack:
        before_kb = server.memory_kb()
        for _ in range(IDLE_CONNECTIONS):
            stack.enter_context(Client(server.port, made)).ask("n0.wild.signed.test")
        results.add("idle connection, KiB", server.name, (server.memory_kb() - before_kb) / IDLE_CONNECTIONS)


def behind_a_slow_one(server: Server, results: Results, turn: int) -> None:
    with Client(server.port) as client:
        client.ask("n0.wild.signed.test")
        begun_s = time.monotonic()
        names = [f"d2000-bench{turn}.slow.test"] + ["n0.wild.signed.test"] * 50
        client.tls.sendall(b"".join(query(name, number) for number, name in enumerate(names)))
        for _ in range(50):
            if client.receive()[:2] == b"\0\0":
                raise RuntimeError("the slow one came first")
        results.add("50 cached behind one of 2 s, ms", server.name, (time.monotonic() - begun_s) * 1000)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    plan = PLANS[arguments.quick]
    only = set(filter(None, arguments.only.split(",")))

    def wanted(name: str) -> bool:
        return not only or name in only

    results = Results()
    (ARTIFACTS / "bench.jsonl").unlink(missing_ok=True)
    print(f"{ssl.OPENSSL_VERSION}, {plan}", flush=True)
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as other, ExitStack() as stack:
        folder = Path(name)
        Path(other).chmod(0o755)
        bench = Bench(folder, stack.enter_context(run(Path(other))))
        names = folder / "cached.txt"
        names.write_text("".join(f"n{number}.wild.signed.test A\n" for number in range(CACHED_NAMES)))
        makers: list[Callable[[], object]] = [bench.homedot, bench.unbound, bench.bind, bench.dnsdist]
        for turn in range(plan.rounds):
            for position in range(len(makers)):
                maker = makers[position]
                with maker() as server:  # type: ignore[attr-defined]
                    dnsperf(server.port, names, 10, 100, 0.5)  # warm
                    if wanted("cached"):
                        cached(server, names, plan, results, connections=10, outstanding=100)
                        cached(server, names, plan, results, connections=50, outstanding=50)
                    if wanted("handshake"):
                        handshakes(server, plan, results)
                    if wanted("memory") and server.name != "bind":
                        memory(server, results)
                    if wanted("new") and server.name in {"homedot", "unbound"}:
                        never_seen(server, folder, plan, results, turn)
                    if wanted("slow") and server.name == "homedot":
                        behind_a_slow_one(server, results, turn)
            print(f"round {turn + 1} of {plan.rounds} done", flush=True)
    print("\n".join(results.table()))


if __name__ == "__main__":
    main()
