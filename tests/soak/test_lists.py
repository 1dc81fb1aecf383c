"""Twenty lists are refreshed in a small container's memory, some by servers that mean no good, and DNS goes on."""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import pytest

from app.lists.state import ListState, load
from tests.appliance import Appliance, folder_for_all, running, settings_in
from tests.bench.client import Client
from tests.fakes.list_server import Answer, ListServer, http
from tests.internet import Internet
from tests.soak.asking import Devices
from tests.soak.confined import limited
from tests.soak.conftest import Front

pytestmark = pytest.mark.soak

HUGE_NAMES, USUAL_NAMES, USUAL_LISTS = 1_300_000, 100_000, 17
MOST_P99_MS = 20.0
DEADLINE_S = 170.0


def body(which: int, names: int) -> bytes:
    lines = "\n".join(f"ads{number}.of{which}.example" for number in range(names))
    return f"! Title: List {which}\n{lines}\n".encode()


def fails(_: bytes) -> Iterable[bytes]:
    return http(b"", status="503 Service Unavailable")


def drips(_: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    while True:  # until nobody reads
        time.sleep(0.5)
        yield b"a"


def serving(stack: ExitStack) -> dict[str, int]:
    """The addresses of twenty lists, each of a server of its own, with the names that come from there."""
    contents = [body(which, HUGE_NAMES if which == 0 else USUAL_NAMES) for which in range(USUAL_LISTS + 1)]
    answers: list[Answer] = [partial(as_it_is, http(content)) for content in contents]
    servers = [stack.enter_context(ListServer(answer)) for answer in (*answers, fails, drips)]
    names = [HUGE_NAMES, *[USUAL_NAMES] * USUAL_LISTS, 0, 0]
    return dict(zip((server.url() for server in servers), names, strict=True))


def as_it_is(pieces: list[bytes], _: bytes) -> list[bytes]:
    return pieces


@contextmanager
def confined(internet: Internet, lists: Iterable[str], most_octets: int) -> Iterator["Confined"]:
    """An appliance in so much memory, of which nobody has been ended for want of it when the test is through."""
    more = {"HOMEDOT_BLOCKING__ENABLED": "true", "HOMEDOT_BLOCKING__LISTS": ",".join(lists)}
    with limited(most_octets) as group, folder_for_all() as folder:
        settings = settings_in(folder, **internet.environment, **more)
        with running(folder, settings, group.start(folder)) as appliance:
            front = Front(appliance).pid
            yield Confined(appliance, time.monotonic() + DEADLINE_S)
            print(f"{group.peak_octets / 1e6:.0f} MB at most, of {most_octets / 1e6:.0f}")
            assert (group.killed, Front(appliance).pid) == (0, front)


@dataclass(frozen=True, slots=True)
class Confined:
    """With the moment by which all must be done."""

    appliance: Appliance
    end_s: float

    @property
    def states(self) -> dict[str, ListState]:
        return load(self.appliance.folder / "data/lists/state.json")

    def until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            assert time.monotonic() < self.end_s, self.appliance.log
            time.sleep(0.2)  # no event tells what is in another process's file

    def until_blocked(self, which: int) -> None:
        with Client(self.appliance.dot_port) as client:
            self.until(lambda: b"\0\4\0\0\0\0" in client.ask(f"ads7.of{which}.example"))

    def refresh(self, good: Iterable[str], *, is_first: bool = False) -> float:
        """Until all that can come has come: the 99th percentile of the answers meanwhile, in ms."""
        begun_s = time.time()
        after_s = 0.0 if is_first else begun_s

        def is_through() -> bool:
            known = self.states
            return all(source in known and known[source].updated_s > after_s for source in good)

        with Devices(self.appliance.dot_port) as devices:
            assert is_first or self.appliance.homedot("lists", "refresh").returncode == 0
            self.until(is_through)
            spans_s = devices.spans_s()
        p99_ms = statistics.quantiles(spans_s, n=100)[98] * 1e3
        took_s = time.time() - begun_s
        print(f"{len(spans_s)} answers in {took_s:.0f} s: p99 {p99_ms:.1f} ms, most {max(spans_s) * 1e3:.0f} ms")
        return p99_ms


@pytest.mark.parametrize(("limit_mb", "names"), [(192, 1_000_000), (320, 3_000_000)])
def test_a_list_is_compiled_and_compiled_again_while_it_is_in_use(
    internet: Internet, limit_mb: int, names: int
) -> None:
    answer = partial(as_it_is, http(body(0, names)))
    with ListServer(answer) as server, confined(internet, [server.url()], limit_mb * 1_000_000) as box:
        for is_first in (True, False):
            box.refresh([server.url()], is_first=is_first)
            box.until_blocked(0)
        assert box.states[server.url()].names == names


def test_twenty_lists_of_three_million_names_are_refreshed_in_384_mb_while_dns_is_answered(internet: Internet) -> None:
    with ExitStack() as stack:
        lists = serving(stack)
        *good, failing, dripping = lists
        assert (len(lists), sum(lists.values())) == (20, 3_000_000)
        box = stack.enter_context(confined(internet, lists, 384_000_000))
        box.refresh(good, is_first=True)
        p99_ms = box.refresh(good)
        if p99_ms >= MOST_P99_MS:  # other work on the machine only adds to it
            p99_ms = box.refresh(good)
        for which in range(len(good)):
            box.until_blocked(which)
        known, shown = box.states, box.appliance.homedot("lists")
        assert [known[source].names for source in good] == [lists[source] for source in good]
        assert known[failing].error == "the server answers 503 Service Unavailable"
        assert dripping not in known or not known[dripping].is_there
        assert shown.returncode == 1
        assert shown.stdout.startswith("3,000,000 names on 18 lists; 2 of 20 lists are missing\n")
        assert p99_ms < MOST_P99_MS
