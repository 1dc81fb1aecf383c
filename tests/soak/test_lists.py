"""Twenty lists are refreshed in a small container's memory, some by servers that mean no good, and DNS goes on."""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
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

MEMORY_OCTETS = 384_000_000
HUGE_NAMES, USUAL_NAMES, USUAL_LISTS = 1_300_000, 100_000, 17
MOST_P99_MS = 20.0
REFRESHES = 2
"""Other work on the machine only adds to the better of them."""
DEADLINE_S = 55.0


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


def until(is_so: Callable[[], bool], appliance: Appliance) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline_s, appliance.log
        time.sleep(0.2)  # no event tells what is in another process's file


def states(appliance: Appliance) -> dict[str, ListState]:
    return load(appliance.folder / "data/lists/state.json")


def refreshed(appliance: Appliance, good: Iterable[str], after_s: float) -> bool:
    known = states(appliance)
    return all(source in known and known[source].updated_s > after_s for source in good)


def is_blocked(appliance: Appliance, which: int) -> bool:
    with Client(appliance.dot_port) as client:
        return b"\0\4\0\0\0\0" in client.ask(f"ads7.of{which}.example")


def refresh(appliance: Appliance, good: Iterable[str], *, is_first: bool) -> float:
    """Until all that can come has come: the 99th percentile of the answers meanwhile, in ms."""
    with Devices(appliance.dot_port) as devices:
        begun_s = time.time()
        assert is_first or appliance.homedot("lists", "refresh").returncode == 0
        until(partial(refreshed, appliance, good, 0.0 if is_first else begun_s), appliance)
        spans_s = devices.spans_s()
    p99_ms = statistics.quantiles(spans_s, n=100)[98] * 1e3
    took_s = time.time() - begun_s
    print(f"{len(spans_s)} answers in {took_s:.0f} s: p99 {p99_ms:.1f} ms, most {max(spans_s) * 1e3:.0f} ms")
    return p99_ms


@pytest.mark.parametrize(("limit_mb", "names"), [(192, 1_000_000), (320, 3_000_000)])
def test_a_list_is_compiled_and_compiled_again_while_it_is_in_use(
    internet: Internet, limit_mb: int, names: int
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(ListServer(partial(as_it_is, http(body(0, names)))))
        group, folder = stack.enter_context(limited(limit_mb * 1_000_000)), stack.enter_context(folder_for_all())
        more = {"HOMEDOT_BLOCKING__ENABLED": "true", "HOMEDOT_BLOCKING__LISTS": server.url()}
        settings = settings_in(folder, **internet.environment, **more)
        appliance = stack.enter_context(running(folder, settings, group.start(folder)))
        front = Front(appliance).pid
        for is_first in (True, False):
            refresh(appliance, [server.url()], is_first=is_first)
            until(partial(is_blocked, appliance, 0), appliance)
        assert states(appliance)[server.url()].names == names
        print(f"{group.peak_octets / 1e6:.0f} MB at most, of {limit_mb}")
        assert (group.killed, Front(appliance).pid) == (0, front)


def test_twenty_lists_of_three_million_names_are_refreshed_in_384_mb_while_dns_is_answered(internet: Internet) -> None:
    with ExitStack() as stack:
        lists = serving(stack)
        *good, failing, dripping = lists
        assert (len(lists), sum(lists.values())) == (20, 3_000_000)
        group, folder = stack.enter_context(limited(MEMORY_OCTETS)), stack.enter_context(folder_for_all())
        more = {"HOMEDOT_BLOCKING__ENABLED": "true", "HOMEDOT_BLOCKING__LISTS": ",".join(lists)}
        settings = settings_in(folder, **internet.environment, **more)
        appliance = stack.enter_context(running(folder, settings, group.start(folder)))
        front = Front(appliance).pid
        refresh(appliance, good, is_first=True)
        p99_ms = min(refresh(appliance, good, is_first=False) for _ in range(REFRESHES))
        for which in range(len(good)):
            until(partial(is_blocked, appliance, which), appliance)
        known, shown = states(appliance), appliance.homedot("lists")
        assert [known[source].names for source in good] == [lists[source] for source in good]
        assert known[failing].error == "the server answers 503 Service Unavailable"
        assert dripping not in known or not known[dripping].is_there
        assert shown.returncode == 1
        assert shown.stdout.startswith("3,000,000 names on 18 lists; 2 of 20 lists are missing\n")
        print(f"{group.peak_octets / 1e6:.0f} MB at most, of {MEMORY_OCTETS / 1e6:.0f}")
        assert (group.killed, Front(appliance).pid) == (0, front)
    assert p99_ms < MOST_P99_MS
