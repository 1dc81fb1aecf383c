"""Nobody else on the machine can answer for unbound: not another user, not another Homedot, at no time."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import dns.rcode
import dns.rdatatype
import pytest

from app.config.load import load
from app.programs import paths
from tests.appliance import (
    CHECKOUT,
    DEADLINE_S,
    HOSTNAME,
    START,
    Appliance,
    children,
    clean,
    command_line,
    folder_for_all,
    free_ports,
    running,
    settings_in,
)
from tests.fakes.impostor import FORGED, impostors
from tests.fakes.list_server import ListServer, http
from tests.internet import Internet

from .asking import addresses, ask
from .conftest import Box

pytestmark = pytest.mark.server


def box_of(appliance: Appliance) -> Box:
    return Box(appliance, HOSTNAME, appliance.root)


def port_of(appliance: Appliance) -> int:
    return paths.unbound_port(load(appliance.environment).settings)


def unbound_of(appliance: Appliance) -> int | None:
    return next((pid for pid in children(appliance.process.pid) if "unbound -d" in command_line(pid)), None)


def until(true: Callable[[], object], appliance: Appliance) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline_s, appliance.log
        time.sleep(0.01)  # until supervisord has noticed


def kill_unbound(appliance: Appliance, number: signal.Signals) -> None:
    """End it, and wait until there is another."""
    pid = unbound_of(appliance)
    assert pid is not None
    os.kill(pid, number)
    until(lambda: unbound_of(appliance) not in {None, pid}, appliance)


def fresh_name() -> str:
    return f"n{uuid4().hex[:12]}.wild.signed.test"


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_for_all() as made:
        yield made


@pytest.fixture
def drawn(folder: Path, internet: Internet) -> dict[str, str]:
    """Settings for an appliance that draws the port of its unbound, as by default."""
    environment = settings_in(folder, **internet.environment)
    del environment["HOMEDOT_RESOLVER__PORT"]
    return environment


def test_nobody_answers_for_unbound_while_it_runs_and_while_it_starts_anew(folder: Path, drawn: dict[str, str]) -> None:
    with running(folder, drawn) as appliance:
        box = box_of(appliance)
        with impostors(port_of(appliance)) as bound, ThreadPoolExecutor(8) as clients:
            answers = list(clients.map(lambda _: ask(box, fresh_name()), range(20)))
            for number in (signal.SIGKILL, signal.SIGTERM):
                asked = [clients.submit(ask, box, fresh_name()) for _ in range(8)]
                kill_unbound(appliance, number)
                asked += [clients.submit(ask, box, fresh_name()) for _ in range(8)]
                answers += [each.result() for each in asked]
    assert bound == []
    assert [answer.rcode() for answer in answers] == [dns.rcode.NOERROR] * 52
    assert FORGED not in set().union(*map(addresses, answers))


def test_lists_are_fetched_from_where_our_unbound_says(folder: Path, drawn: dict[str, str]) -> None:
    own = folder / "own"
    own.mkdir()
    (own / "own.conf").write_text('server:\n  local-data: "lists.which.test. 60 IN A 127.0.0.1"\n')
    with ListServer(lambda _: http(b"ads.example.com\n")) as server:
        drawn |= {
            "HOMEDOT_BLOCKING__ENABLED": "true",
            "HOMEDOT_BLOCKING__LISTS": server.url(host="lists.which.test"),
            "HOMEDOT_RESOLVER__SNIPPETS": str(own),
        }
        with running(folder, drawn) as appliance, impostors(port_of(appliance)) as bound:
            until(lambda: "ads.example.com is on" in appliance.homedot("why", "ads.example.com").stdout, appliance)
        assert len(server.requests) == 1
    assert bound == []


def test_each_start_draws_another_port(folder: Path, drawn: dict[str, str]) -> None:
    seen = set()
    for _ in range(3):
        with running(folder, drawn) as appliance:
            seen.add(port_of(appliance))
    assert len(seen) > 1


@contextmanager
def which(name: str, internet: Internet, **more: str) -> Iterator[Box]:
    """An appliance whose unbound says `name` when it is asked for what is below which.test."""
    with folder_for_all() as folder:
        (folder / "own").mkdir()
        text = f'server:\n  local-zone: "which.test." redirect\n  local-data: "which.test. 60 IN TXT {name}"\n'
        (folder / "own/own.conf").write_text(text)
        environment = settings_in(folder, **internet.environment, HOMEDOT_SPECIAL__RELEASED="test", **more)
        environment |= {"HOMEDOT_RESOLVER__SNIPPETS": str(folder / "own")}
        if "HOMEDOT_RESOLVER__PORT" not in more:
            del environment["HOMEDOT_RESOLVER__PORT"]
        with running(folder, environment) as appliance:
            yield box_of(appliance)


def said(box: Box) -> str:
    answer = ask(box, f"{uuid4().hex}.which.test", "TXT")
    return "".join(rdata.to_text() for rrset in answer.answer for rdata in rrset)


def test_two_homedots_on_one_network_do_not_mix(internet: Internet) -> None:
    with which("one", internet) as one, which("two", internet) as two:
        for box, name in ((one, '"one"'), (two, '"two"')):
            assert {said(box) for _ in range(20)} == {name}
        kill_unbound(one.appliance, signal.SIGKILL)
        for box, name in ((two, '"two"'), (one, '"one"')):
            assert {said(box) for _ in range(20)} == {name}


def test_a_second_homedot_is_told_that_the_port_is_taken(internet: Internet, folder: Path) -> None:
    (port,) = free_ports(1)
    more = {"HOMEDOT_DOT__PORT": str(port), "HOMEDOT_DOT__WORKERS": "2"}
    with which("one", internet, **more) as one:
        environment = settings_in(folder, **internet.environment, **more)
        done = subprocess.run(
            [START], env=clean(environment), cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False
        )
        assert f"dot.port: {port} is taken by another program (see `ss -lntup`)" in done.stdout + done.stderr
        assert done.returncode in {1, 2}
        assert {said(one) for _ in range(20)} == {'"one"'}


def test_a_resolver_port_that_is_taken_is_no_reason_to_stop(internet: Internet) -> None:
    (port,) = free_ports(1)
    same = {"HOMEDOT_RESOLVER__PORT": str(port)}
    with which("one", internet, **same) as one, which("two", internet, **same) as two:
        assert f"resolver.port: {port} is taken" in two.appliance.log
        for box, name in ((one, '"one"'), (two, '"two"')):
            assert {said(box) for _ in range(20)} == {name}


def test_what_asks_unbound_ends_with_the_supervisor_who_keeps_its_port(folder: Path, drawn: dict[str, str]) -> None:
    def never(_: bytes) -> Iterator[bytes]:
        silent.wait(DEADLINE_S)
        yield b""

    with ListServer(never) as silent:
        drawn |= {"HOMEDOT_BLOCKING__ENABLED": "true", "HOMEDOT_BLOCKING__LISTS": silent.url()}
        with running(folder, drawn) as appliance:
            until(lambda: silent.requests, appliance)
            programs = below(appliance.process.pid)
            for words in ("unbound -d", "programs front", "programs lists", "programs compile"):
                assert any(words in command_line(pid) for pid in programs), words
            appliance.process.kill()
            until(lambda: not any(map(command_line, programs)), appliance)


def below(pid: int) -> list[int]:
    """All that `pid` started, and what those started."""
    return [found for child in children(pid) for found in (child, *below(child))]
