"""Block lists of a million names: size, time and memory to compile them, time to read them and to look names up.

`python -m tests.bench.lists` needs nothing but this checkout. The names are made up of syllables and random letters, so
that they compress about as badly as published lists do.
"""

import json
import random
import re
import string
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter, process_time

from app.lists.blocklist import Blocklist
from app.lists.contract import Job
from app.lists.names import key_of
from app.lists.paths import compiled

NAMES = 1_000_000
LOOKUPS, ROUNDS = 50_000, 9
_MEASURING = """
import resource, subprocess, sys
print(subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True).stdout.decode())
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Between us and the child, because the kernel counts what a process was before it became another program."""
_SYLLABLES = re.findall("..", "adanbebicodadeelenfagohainkilalomaminanooreparisasotatitovewaxo")
_WORDS = re.findall(r"\w+", "click track stat media shop news game bet cdn pixel metric banner promo offer")
_ENDS = ["com"] * 45 + re.findall(
    r"[\w.]+", "net net net org org info xyz xyz top ru ru de de co.uk com.br io site cn fr"
)
_HOSTS = re.findall(r"\w+", "ads ad track stats metrics pixel www cdn a m api log t s1 go")


def made_up(count: int, seed: int = 1) -> list[str]:
    """`count` different names in no order."""
    draw = random.Random(seed)
    names: set[str] = set()
    while len(names) < count:
        if draw.random() < 0.3:
            label = "".join(draw.choices(string.ascii_lowercase + string.digits, k=draw.randint(6, 14)))
        else:
            label = "".join(draw.choices(_SYLLABLES, k=draw.randint(2, 5))) + draw.choice(["", "", "-", "1", "24"])
            label += draw.choice(_WORDS) if draw.random() < 0.5 else ""
        base = f"{label.strip('-')}.{draw.choice(_ENDS)}"
        names.add(base if draw.random() < 0.7 else f"{draw.choice(_HOSTS)}{draw.randrange(100)}.{base}")
    listed = list(names)[:count]
    draw.shuffle(listed)
    return listed


def main() -> int:
    names = made_up(NAMES)
    with tempfile.TemporaryDirectory(prefix="homedot-bench-") as folder:
        source = Path(folder) / "list.txt"
        source.write_text("\n".join(names))
        job = Job(str(source), folder)
        begun_s = perf_counter()
        told, peak_kib = subprocess.run(
            [sys.executable, "-c", _MEASURING, sys.executable, "-P", "-m", "app.programs", "compile"],
            input=json.dumps(asdict(job)).encode(),
            stdout=subprocess.PIPE,
            check=True,
        ).stdout.splitlines()
        compiled_s = perf_counter() - begun_s
        path = compiled(Path(folder), str(source))
        mapped_s = min(_seconds(Blocklist, path) for _ in range(ROUNDS))
        blocklist = Blocklist(path)
        blocked = [key_of(f"www.{name}") for name in names[:LOOKUPS]]
        passed = [key_of(f"www.{name}") for name in made_up(LOOKUPS, seed=2)]
        rows = [
            ("lines of the list, and names in it", f"{NAMES}, {json.loads(told)['names']}"),
            ("on disk", f"{path.stat().st_size / 1e6:.1f} MB"),
            ("compile, start of the child and all", f"{compiled_s:.1f} s"),
            ("peak memory of the child", f"{int(peak_kib) / 1024:.0f} MB"),
            ("read and check", f"{mapped_s * 1000:.1f} ms"),
            ("key of a name", f"{_mean_us(key_of, [f'www.{name}' for name in names[:LOOKUPS]]):.2f} us"),
            ("look up a name that is blocked", f"{_mean_us(blocklist.covering, blocked):.2f} us"),
            ("look up a name like them that is not", f"{_mean_us(blocklist.covering, passed):.2f} us"),
        ]
    width = max(len(what) for what, _ in rows)
    print("\n".join(f"{what:{width}}  {value}" for what, value in rows))
    return 0


def _seconds(call: Callable[[Path], object], argument: Path) -> float:
    begun_s = perf_counter()
    call(argument)
    return perf_counter() - begun_s


def _mean_us(call: Callable[..., object], arguments: Sequence[object]) -> float:
    """CPU of one call, in the best of several rounds: other work on the machine only adds to it."""
    rounds = []
    for _ in range(ROUNDS):
        begun_s = process_time()
        for argument in arguments:
            call(argument)
        rounds.append((process_time() - begun_s) / len(arguments) * 1e6)
    return min(rounds)


if __name__ == "__main__":
    sys.exit(main())
