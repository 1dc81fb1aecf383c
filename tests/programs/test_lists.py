"""The program that keeps the lists: asked, killed and ended."""

import fcntl
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.lists.blocklist import Blocklist, is_whole
from app.lists.names import key_of
from app.lists.paths import compile_lock, compiled
from app.lists.paths import state as state_path
from app.lists.state import ListState, load
from tests.appliance import (
    DEADLINE_S,
    PROGRAMS,
    Appliance,
    children,
    clean,
    command_line,
    homedot,
    owner,
    running,
    settings_in,
)
from tests.fakes.list_server import ListServer, http
from tests.internet import Internet

URL, FILE = "https://lists.example/pro.txt", "/config/mine.txt"
LIST = b"! Title: Mine\nads.example.com\n"


class Program:
    """The program `lists` with a folder of its own, without the rest of the appliance."""

    def __init__(self, folder: Path, *sources: str) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.lists = folder / "data/lists"
        self.lists.mkdir(parents=True, exist_ok=True)
        self.environment = settings_in(folder, HOMEDOT_RUN_DIR=str(folder), HOMEDOT_BLOCKING__LISTS=",".join(sources))
        self.environment["HOMEDOT_BLOCKING__ENABLED"] = "true"

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        with self.log.open("ab") as log:
            process = subprocess.Popen([*PROGRAMS, "lists"], env=clean(self.environment), stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(DEADLINE_S) in {0, -signal.SIGTERM, -signal.SIGKILL}

    def known(self, source: str) -> ListState:
        return load(state_path(self.lists)).get(source, ListState())

    def rule(self, source: str, name: str) -> str | None:
        return Blocklist(compiled(self.lists, source)).covering(key_of(name))


def until(true: Callable[[], object], program: Program) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline, program.log.read_text()
        time.sleep(0.02)  # another process's files: there is nothing to wait on


@pytest.mark.server
def test_lists_are_fetched_compiled_and_looked_at_again_when_asked(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("0.0.0.0 tracker.example\n")
    with ListServer(lambda _: http(LIST, 'ETag: "1"')) as server:
        program = Program(tmp_path, server.url(), str(own))
        with program.running():
            until(lambda: program.known(str(own)).names and program.known(server.url()).names, program)
            assert program.rule(server.url(), "ads.example.com") == "ads.example.com"
            assert program.rule(str(own), "tracker.example") == "tracker.example"
            server.answer = lambda _: http(b"other.example.com\n")
            assert homedot(program.environment, "lists", "refresh").returncode == 0
            until(lambda: program.rule(server.url(), "other.example.com"), program)
            assert b'If-None-Match: "1"' in server.requests[1]
            own.write_text("0.0.0.0 tracker2.example\n")
            until(lambda: program.rule(str(own), "tracker2.example"), program)
        assert len(server.requests) == 2


@pytest.mark.server
def test_what_was_asked_of_a_program_that_was_killed_is_not_forgotten(tmp_path: Path) -> None:
    with ListServer(lambda _: http(LIST)) as server:
        program = Program(tmp_path, server.url())
        with program.running():
            until(lambda: program.known(server.url()).names, program)
        assert homedot(program.environment, "lists", "refresh").returncode == 0
        with program.running():
            until(lambda: len(server.requests) == 2, program)


@pytest.mark.server
def test_a_list_may_come_from_a_name_at_home(tmp_path: Path) -> None:
    with ListServer(lambda _: http(LIST)) as server:
        program = Program(tmp_path, server.url(host="nas.home.arpa"))
        program.environment["HOMEDOT_LOCAL"] = "nas.home.arpa=127.0.0.1"
        with program.running():
            until(lambda: program.known(server.url(host="nas.home.arpa")).names, program)


@pytest.mark.server
def test_sighup_looks_at_everything_at_once(tmp_path: Path) -> None:
    with ListServer(lambda _: http(LIST)) as server:
        program = Program(tmp_path, server.url())
        with program.running() as process:
            until(lambda: program.known(server.url()).names, program)
            process.send_signal(signal.SIGHUP)
            until(lambda: len(server.requests) == 2, program)


@pytest.mark.server
def test_a_bad_download_is_told_and_the_old_list_is_used_on(tmp_path: Path) -> None:
    with ListServer(lambda _: http(LIST)) as server:
        program = Program(tmp_path, server.url())
        with program.running() as process:
            until(lambda: program.known(server.url()).names, program)
            server.answer = lambda _: http(b"", status="404 Not Found")
            process.send_signal(signal.SIGHUP)
            until(lambda: program.known(server.url()).error, program)
            told = homedot(program.environment, "lists").stdout
        assert program.rule(server.url(), "ads.example.com") == "ads.example.com"
        assert "failed, 1 in a row: the server answers 404 Not Found" in told
        assert "404 Not Found; still using the 1 names from before" in program.log.read_text()


@pytest.mark.server
def test_a_list_that_became_small_is_refused_until_the_operator_accepts_it(tmp_path: Path) -> None:
    many = b"".join(b"n%d.example\n" % number for number in range(100))
    with ListServer(lambda _: http(many, 'ETag: "1"')) as server:
        program = Program(tmp_path, server.url())
        with program.running():
            until(lambda: program.known(server.url()).names == 100, program)
            server.answer = lambda _: http(LIST)
            homedot(program.environment, "lists", "refresh")
            until(lambda: program.known(server.url()).is_refused, program)
            assert (
                "has shrunk from 100 names to 1; if that is meant, say `homedot lists accept`"
                in program.log.read_text()
            )
            assert program.rule(server.url(), "n1.example")
            assert server.url() in homedot(program.environment, "lists", "accept").stdout
            until(lambda: program.known(server.url()).names == 1, program)
            assert program.rule(server.url(), "ads.example.com")
            assert not program.known(server.url()).error


@pytest.mark.server
def test_a_compiled_list_that_somebody_removes_is_downloaded_again(tmp_path: Path) -> None:
    unchanged = [b"HTTP/1.1 304 Not Modified\r\n\r\n"]
    with ListServer(lambda head: unchanged if b"If-None-Match" in head else http(LIST, 'ETag: "1"')) as server:
        program = Program(tmp_path, server.url())
        path = compiled(program.lists, server.url())
        with program.running() as process:
            until(lambda: program.known(server.url()).names, program)
            path.unlink()
            process.send_signal(signal.SIGCHLD)  # which is a look
            until(lambda: path.exists() and program.rule(server.url(), "ads.example.com"), program)
        assert "is missing or damaged; downloading the list again" in program.log.read_text()


@pytest.mark.server
def test_a_child_that_is_killed_at_any_moment_leaves_the_old_list_or_the_new(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    program = Program(tmp_path, str(own))
    path = compiled(program.lists, str(own))
    own.write_text("".join(f"n{index}.example\n" for index in range(100_000)))
    with program.running() as process:
        until(lambda: program.known(str(own)).names == 100_000, program)
        for moment in range(8):
            (child,) = requested(process, program)
            time.sleep(0.05 * moment)  # the moment is what is tried
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                assert moment, "gone before it began"
            until(lambda: not children(process.pid), program)
            assert is_whole(path)
            assert program.rule(str(own), "n99999.example") == "n99999.example"
        assert process.poll() is None
        process.send_signal(signal.SIGHUP)
        until(lambda: not program.known(str(own)).error, program)
    assert "was killed: is the machine out of memory?" in program.log.read_text()


def requested(process: subprocess.Popen[bytes], program: Program) -> list[int]:
    """Ask for a refresh and return its child."""
    process.send_signal(signal.SIGHUP)
    until(lambda: children(process.pid), program)
    return children(process.pid)


@pytest.mark.server
def test_a_list_that_hangs_delays_no_other(tmp_path: Path) -> None:
    def answer(head: bytes) -> Iterator[bytes]:
        return slowly(http(LIST)[0], server) if b"/slow" in head else iter(http(LIST))

    with ListServer(answer) as server:
        own = tmp_path / "own.txt"
        program = Program(tmp_path, *(server.url(f"/slow/{number}") for number in range(3)), server.url(), str(own))
        with program.running() as process:
            until(lambda: program.known(server.url()).names and program.known(str(own)).error, program)
            own.write_text("a.example\n")
            until(lambda: program.known(str(own)).names, program)
            asked = len(server.requests)
            process.send_signal(signal.SIGHUP)
            until(lambda: len(server.requests) > asked, program)
            assert len(children(process.pid)) >= 3


@pytest.mark.server
def test_many_lists_are_refreshed_four_at_a_time(tmp_path: Path) -> None:
    four_ask = threading.Barrier(4)
    at_work: list[int] = []

    def answer(_: bytes) -> list[bytes]:
        at_work.append(len(children(processes[0].pid)))
        four_ask.wait(DEADLINE_S)
        return http(LIST)

    processes: list[subprocess.Popen[bytes]] = []
    with ListServer(answer) as server:
        sources = [server.url(f"/{number}.txt") for number in range(12)]
        program = Program(tmp_path, *sources)
        with program.running() as process:
            processes.append(process)
            until(lambda: all(program.known(source).names == 1 for source in sources), program)
    assert len(at_work) == 12
    assert max(at_work) == 4


@pytest.mark.server
def test_two_refreshes_at_once_cannot_be(tmp_path: Path) -> None:
    with ListServer(lambda _: slowly(http(LIST)[0], server)) as server:
        program = Program(tmp_path, server.url("/a.txt"), server.url("/b.txt"))
        with program.running() as first:
            until(lambda: len(server.requests) == 2, program)
            with program.running():
                until(
                    lambda: "another refresh is at work there; waiting for its end" in program.log.read_text(), program
                )
                assert len(server.requests) == 2
                first.kill()  # and the kernel ends its children
                first.wait(DEADLINE_S)
                until(lambda: len(server.requests) == 4, program)


def slowly(octets: bytes, server: ListServer) -> Iterator[bytes]:
    yield octets[:-1]
    server.wait(DEADLINE_S)


@pytest.mark.server
def test_sigterm_ends_all_refreshes_at_once(tmp_path: Path) -> None:
    with ListServer(lambda _: slowly(http(LIST)[0], server)) as server:
        program = Program(tmp_path, *(server.url(f"/{number}.txt") for number in range(6)))
        with program.running() as process:
            until(lambda: len(server.requests) == 4, program)
            pids = children(process.pid)
            assert len(pids) == 4
            process.terminate()
            assert process.wait(DEADLINE_S / 2) == 0
            assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.server
def test_a_child_that_waits_for_its_turn_can_be_killed_and_delays_nobody(tmp_path: Path) -> None:
    sources = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for source in sources:
        source.write_text("ads.example.com\n")
    program = Program(tmp_path, *map(str, sources))
    with compile_lock(program.lists).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with program.running() as process:
            until(lambda: len(waiting_for(compile_lock(program.lists))) == 2, program)
            killed = min(waiting_for(compile_lock(program.lists)))
            os.kill(killed, signal.SIGKILL)
            until(lambda: any(program.known(str(source)).error for source in sources), program)
            fcntl.flock(lock, fcntl.LOCK_UN)
            process.send_signal(signal.SIGHUP)
            until(lambda: all(program.known(str(source)).names == 1 for source in sources), program)
    assert "was killed: is the machine out of memory?" in program.log.read_text()


def waiting_for(lock: Path) -> set[int]:
    """The processes that wait for this file's lock."""
    lines = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return {int(words[5]) for words in lines if words[1] == "->" and words[6].endswith(f":{lock.stat().st_ino}")}


@pytest.mark.server
def test_a_folder_that_cannot_be_used_is_told_and_ends_nothing(tmp_path: Path) -> None:
    program = Program(tmp_path, URL)
    program.lists.rmdir()
    with program.running() as process:
        until(
            lambda: "cannot be used: No such file or directory; lists are not refreshed" in program.log.read_text(),
            program,
        )
        assert process.poll() is None


@pytest.mark.server
def test_in_the_appliance_it_asks_our_own_resolver_and_reads_no_secret(folder: Path, internet: Internet) -> None:
    with ListServer(lambda _: http(LIST)) as server:
        nowhere = "http://nowhere.signed.test/list.txt"
        sources = f"{server.url()},{nowhere}"
        more = {"HOMEDOT_BLOCKING__ENABLED": "true", "HOMEDOT_BLOCKING__LISTS": sources}
        environment = settings_in(folder, **internet.environment, **more)
        with running(folder, environment) as appliance:
            known = seen(appliance, nowhere, server.url())
            assert known[nowhere].error == "nowhere.signed.test: there is no such name"
            assert known[server.url()].names == 1
            pid = next(pid for pid in children(appliance.process.pid) if "programs lists" in command_line(pid))
            others = {owner(other) for other in children(appliance.process.pid) if other != pid}
            assert owner(pid) not in {0, *others}
            assert (folder / "data/lists").stat().st_uid == owner(pid)


def seen(appliance: Appliance, *sources: str) -> dict[str, ListState]:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        known = load(appliance.folder / "data/lists/state.json")
        if all(known.get(source, ListState()).checked_s for source in sources):
            return known
        assert time.monotonic() < deadline, appliance.log
        time.sleep(0.05)  # another process's file: there is nothing to wait on
