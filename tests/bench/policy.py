"""What a decision about a name costs, with three lists of a third of a million names each.

`python -m tests.bench.policy` needs nothing but this checkout.
"""

import sys
import tempfile
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from itertools import cycle
from pathlib import Path
from time import monotonic, process_time
from typing import Any

from app import dnsname
from app.answer import records
from app.answer.cache import Cache
from app.answer.pipeline import Pipeline
from app.answer.prefetcher import PREFETCHER
from app.answer.ruleset import Ruleset
from app.config.settings import Blocking, Settings
from app.lists.blocklist import Blocklist
from app.programs.rules import build
from tests.bench.lists import LOOKUPS, ROUNDS, made_up
from tests.fakes.compiled_list import compiled_list

LISTS, NAMES_EACH = 3, 333_000


class _NoUpstream:
    """Answers at once with one address, so that what is measured is ours."""

    def ask(self, query: bytes, client: str, done: Callable[[bytes | None], None]) -> None:
        question, record = query[12:-11], records.address(records.QNAME, IPv4Address("192.0.2.1"), 300)
        done(query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + question + record)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="homedot-bench-") as folder:
        blocklists = []
        for seed in range(1, LISTS + 1):
            path = Path(folder) / f"{seed}.list"
            path.write_bytes(compiled_list("\n".join(made_up(NAMES_EACH, seed)), f"/{seed}.txt", f"List {seed}")[1])
            blocklists.append(Blocklist(path))
        settings = Settings(blocking=Blocking(allow=("good.example",), deny=("bad.example",)))
        with_lists, without = build(settings, None, blocklists), build(settings, None, (), is_paused=True)
        passed, blocked = _of_four_labels(made_up(2 * LOOKUPS, seed=9)), _of_four_labels(made_up(2 * LOOKUPS, LISTS))
        print_rows(with_lists, without, passed, blocked)
    return 0


def print_rows(with_lists: Ruleset, without: Ruleset, passed: Sequence[str], blocked: Sequence[str]) -> None:
    rows = [
        ("decide about a name that is on no list", _mean_us(with_lists.decide, passed)),
        ("decide about a name on the last list", _mean_us(with_lists.decide, blocked)),
        ("the name out of the question", _mean_us(dnsname.qname, [_question(name) for name in passed])),
        ("whole query, cold, no list, no upstream", _cold_us(without, passed)),
        ("whole query, cold, on no list, no upstream", _cold_us(with_lists, passed)),
        ("whole query, blocked, first time", _cold_us(with_lists, blocked)),
        ("whole query, blocked, second time", _warm_us(with_lists, blocked)),
        ("whole query, not blocked, second time", _warm_us(with_lists, passed)),
    ]
    width = max(len(what) for what, _ in rows)
    print("\n".join(f"{what:{width}}  {value:.2f} us" for what, value in rows))


def _of_four_labels(listed: Sequence[str]) -> list[str]:
    return [f"www.cdn.{name}" for name in listed if name.count(".") == 1][:LOOKUPS]


def _question(name: str) -> bytes:
    return dnsname.to_wire(name) + b"\0\1\0\1"


def _queries(asked: Sequence[str]) -> list[bytes]:
    return [b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + _question(name) for name in asked]


def _cold_us(ruleset: Ruleset, asked: Sequence[str]) -> float:
    pipeline = Pipeline(Cache(1 << 30, monotonic), _NoUpstream(), ruleset)

    def resolve(message: bytes) -> None:
        if pipeline.lookup(message) is None:
            pipeline.resolve(message, PREFETCHER, None, _nobody)

    return _mean_us(resolve, _queries(asked), between=lambda: pipeline.use(ruleset))


def _warm_us(ruleset: Ruleset, asked: Sequence[str]) -> float:
    pipeline = Pipeline(Cache(1 << 30, monotonic), _NoUpstream(), ruleset)
    some = _queries(asked[:1000])
    for message in some:
        pipeline.resolve(message, PREFETCHER, None, _nobody)
    return _mean_us(pipeline.lookup, [message for message, _ in zip(cycle(some), range(LOOKUPS), strict=False)])


def _nobody(_: object) -> None:
    """Who wants no answer."""


def _mean_us(call: Callable[[Any], object], arguments: Sequence[object], between: Callable[[], object] = list) -> float:
    """CPU of one call, in the best of several rounds: other work on the machine only adds to it."""
    rounds = []
    for _ in range(ROUNDS):
        between()
        begun_s = process_time()
        for argument in arguments:
            call(argument)
        rounds.append((process_time() - begun_s) / len(arguments) * 1e6)
    return min(rounds)


if __name__ == "__main__":
    sys.exit(main())
