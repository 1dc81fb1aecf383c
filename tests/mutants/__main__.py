"""`make mutants`: mutants drawn by a seed, and which of them no test noticed.

Of each the tests run that are most likely to notice: those at the module's place in tests/, those that name it, and
those of the modules that import it, until the first turns red. What is known to change nothing that matters stands in
`equivalent.txt` with its reason, and is not run. Ends with 1 if another one lives.
"""

import argparse
import ast
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from time import monotonic

from .changes import Mutant, mutants

CHECKOUT = Path(__file__).parent.parent.parent
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
MODULES = {
    "app": ["dnsname", "networks", "svcparams"],
    "app.answer": [
        "cache", "edns", "pending", "pipeline", "policy", "rebinding", "records", "special", "upstream", "wire",
    ],
    "app.config": ["forwarding", "load", "values"],
    "app.dot": ["admission", "clienthello", "connection", "framing", "protocol", "query_queue", "stream", "tls"],
    "app.lists": ["blocklist", "parse"],
    "app.trust": ["authority", "constraints"],
}  # fmt: skip
"""What reads strangers' octets, answers, or decides whom to trust."""
TIMEOUT_S = 180
SAID = "pytest.txt"
_PYTEST = [
    sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", "not server and not image and not soak",
    "-o", "faulthandler_timeout=60", "-o", "faulthandler_exit_on_timeout=true",
]  # fmt: skip
_PYTEST_ENDED_WELL = {0, 5}
"""All passed; there was none."""

MOST_MEMORY_BYTES = 4 << 30


@dataclass(frozen=True, slots=True)
class Tests:
    """Which test files are about which module, by what they and the modules import."""

    imports: dict[str, set[str]]
    """Of each module and each test file of the checkout."""

    @classmethod
    def read(cls) -> "Tests":
        files = [*CHECKOUT.glob("app/**/*.py"), *CHECKOUT.glob("tests/**/test_*.py")]
        return cls({path.relative_to(CHECKOUT).as_posix(): set(_imports(path)) for path in sorted(files)})

    def about(self, module: str) -> list[str]:
        """The most likely to notice come first."""
        naming = [path for path, names in self.imports.items() if module in names]
        own, mirrors = _mirror(_path(module)), [_mirror(path) for path in naming if path.startswith("app/")]
        ordered = [own, *(path for path in naming if path.startswith("tests/")), *mirrors]
        return [path for path in dict.fromkeys(ordered) if path in self.imports]


def _path(module: str) -> str:
    return module.replace(".", "/") + ".py"


def _mirror(path: str) -> str:
    folder, _, name = path.removeprefix("app/").rpartition("/")
    return "/".join(["tests", *([folder] if folder else []), f"test_{name}"])


def _imports(path: Path) -> Iterator[str]:
    package = path.relative_to(CHECKOUT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def reasons() -> dict[str, str]:
    """The identity of each mutant that is known to change nothing that matters -> why."""
    known = {}
    for block in filter(None, EQUIVALENT.read_text().split("\n\n")):
        *identity, reason = block.strip().splitlines()
        known["\n".join(identity)] = reason
    return known


@contextmanager
def copies(count: int) -> Iterator[list[Path]]:
    """The checkout in `count` folders, where a mutant harms nobody."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT,
    )  # fmt: skip
    names = [name for name in listed.stdout.split("\0") if (CHECKOUT / name).is_file()]
    with tempfile.TemporaryDirectory(prefix="homedot-mutants-") as folder:
        folders = [Path(folder) / str(number) for number in range(count)]
        for to in (each / name for each in folders for name in names):
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / Path(*to.relative_to(folder).parts[1:]), to)
        yield folders


def pass_all(folder: Path, files: list[str], *more: str, timeout_s: float = TIMEOUT_S) -> bool:
    """Whether these tests pass in that copy. What hangs, or eats memory, does not. SAID there has what pytest says."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), "LANG": "C.UTF-8"}
    if not files:
        return True
    with (folder / SAID).open("wb") as said, subprocess.Popen(
        [*_PYTEST, *more, *files], cwd=folder, env=environment, start_new_session=True,
        stdout=said, stderr=said,
    ) as pytest:  # fmt: skip
        try:
            return pytest.wait(timeout_s) in _PYTEST_ENDED_WELL
        except subprocess.TimeoutExpired:
            return False
        finally:
            with suppress(ProcessLookupError):
                os.killpg(pytest.pid, signal.SIGKILL)  # and whatever it has left behind


def lives(mutant: Mutant, folder: Path, files: list[str]) -> bool:
    """Whether no test of these notices it."""
    path = folder / _path(mutant.module)
    original = path.read_text()
    try:
        _write(path, mutant.source)
        # To read the others takes longer than to run the first, which is enough for most.
        return pass_all(folder, files[:1]) and pass_all(folder, files[1:])
    finally:
        _write(path, original)


def _write(path: Path, source: str) -> None:
    """And nothing is left of what Python compiled before, which it might take for the same."""
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
        compiled.unlink()
    path.write_text(source)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000), help="which are drawn")
    parser.add_argument("--count", type=int, default=200, help="how many are drawn")
    parser.add_argument("--only", default="", help="a module, like app.dnsname: of it, all of them")
    parser.add_argument("--workers", type=int, default=(os.cpu_count() or 1) + 1, help="most tests wait for something")
    given = parser.parse_args()

    modules = [given.only] if given.only else [f"{room}.{name}" for room, names in MODULES.items() for name in names]
    everything = [mutant for module in modules for mutant in mutants(module, (CHECKOUT / _path(module)).read_text())]
    drawn = everything if given.only else random.Random(given.seed).sample(everything, given.count)
    known, tests = reasons(), Tests.read()
    tried = [mutant for mutant in drawn if mutant.identity not in known]
    seed = f"of {given.only}" if given.only else f"seed {given.seed}"
    known_count = len(drawn) - len(tried)
    print(
        f"{seed}: {len(drawn)} of {len(everything)} mutants, {known_count} of them known to change nothing", flush=True
    )

    begun_s = monotonic()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    with copies(given.workers) as folders:
        about = sorted({path for mutant in tried for path in tests.about(mutant.module)})
        if not pass_all(folders[0], about, "-n", str(given.workers), timeout_s=10 * TIMEOUT_S):
            print("The tests fail without any change:", *(folders[0] / SAID).read_text().splitlines()[-20:], sep="\n")
            return 2
        living = list(_run(tried, tests, folders))
    died = len(tried) - len(living)
    of_all, of_tried = (f"{100 * died / max(len(whole), 1):.1f} %" for whole in (drawn, tried))
    took_s = monotonic() - begun_s
    print(f"\n{seed}: {died} died, {of_all} of all, {of_tried} of the unknown; {len(living)} live; {took_s:.0f} s")
    gone = {identity for identity in known if identity.split()[0] in modules} - {each.identity for each in everything}
    for identity in sorted(gone):
        print(f"\n{EQUIVALENT.name} has one that is no more:\n{identity}")
    return 1 if living or gone else 0


def _run(tried: list[Mutant], tests: Tests, folders: list[Path]) -> Iterator[Mutant]:
    """Those that live, each shown as soon as that is known."""
    free: SimpleQueue[Path] = SimpleQueue()
    for folder in folders:
        free.put(folder)

    def try_out(mutant: Mutant) -> bool:
        folder = free.get()
        try:
            return lives(mutant, folder, tests.about(mutant.module))
        finally:
            free.put(folder)

    with ThreadPoolExecutor(len(folders)) as pool:
        for mutant, alive in zip(tried, pool.map(try_out, tried), strict=True):
            if alive:
                print(f"\nline {mutant.line}\n{mutant.identity}", flush=True)
                yield mutant


if __name__ == "__main__":
    sys.exit(main())
