"""After a power cut the box is up long before the line is: a start without a network, and the network comes."""

import socket
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import httpx
import pytest

from app.unbound.reach import REWRITTEN, ROOT_ANSWERED
from tests.appliance import (
    HOSTNAME,
    Appliance,
    children,
    command_line,
    folder_for_all,
    running,
    settings_in,
    start_with_fast_minutes,
)
from tests.internet import Internet, run
from tests.internet.valve import valve
from tests.namespace import Namespace, namespace

from .asking import addresses, ask, is_validated
from .conftest import Box

pytestmark = pytest.mark.server

INTERCEPTED = 101
MINUTE_S = 5.0
TWO_MINUTES_S = 2 * MINUTE_S + 5.0  # unbound's restart, and a busy machine


class Line:
    """Of a house: while it is down the tests' internet is unreachable from there."""

    def __init__(self, house: Namespace, internet: Internet) -> None:
        self._house = house
        self._network = f"{internet.block}.0/24"
        # The rule that delivers to the machine itself comes first, unless it is moved.
        house.run("ip", "rule", "add", "pref", "10", "lookup", "local")
        house.run("ip", "rule", "del", "pref", "0")

    def cut(self) -> None:
        self._house.run("ip", "rule", "add", "pref", "5", "to", self._network, "unreachable")

    def mend(self) -> None:
        self._house.run("ip", "rule", "del", "pref", "5")


@contextmanager
def internet_in(house: Namespace) -> Iterator[tuple[Internet, Line]]:
    with tempfile.TemporaryDirectory(prefix="homedot-internet-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with run(folder) as internet:
            yield internet, Line(house, internet)


@contextmanager
def started_without_a_line(internet: Internet, line: Line, root_hints: Path) -> Iterator[Box]:
    with folder_for_all() as folder:
        environment = settings_in(
            folder,
            HOMEDOT_RESOLVER__MODE="auto",
            HOMEDOT_RESOLVER__ROOT_HINTS=str(root_hints),
            HOMEDOT_RESOLVER__TRUST_ANCHOR=str(internet.trust_anchor),
            HOMEDOT_RESOLVER__FORWARD=internet.forwarder_tls,
            HOMEDOT_RESOLVER__CA_BUNDLE=str(internet.ca_bundle),
        )
        line.cut()
        with running(folder, environment, start_with_fast_minutes(folder)) as appliance:
            assert "Resolver      recursive: no network yet" in appliance.log
            yield Box(appliance, HOSTNAME, appliance.root)


@contextmanager
def connected(box: Box) -> Iterator[ssl.SSLSocket]:
    """A client that stays."""
    context = ssl.create_default_context(cafile=box.root)
    with (
        socket.create_connection(("127.0.0.1", box.port), 10) as raw,
        context.wrap_socket(raw, server_hostname=HOSTNAME) as connection,
    ):
        yield connection


def ask_over(connection: ssl.SSLSocket, name: str) -> dns.message.Message:
    dns.query.send_tcp(connection, dns.message.make_query(name, "A", want_dnssec=True))
    return dns.query.receive_tcp(connection, time.time() + 10)[0]


def unbound_of(appliance: Appliance) -> int:
    return next(pid for pid in children(appliance.process.pid) if "unbound.conf" in command_line(pid))


def wait_until(is_so: Callable[[], bool], appliance: Appliance) -> None:
    deadline_s = time.monotonic() + TWO_MINUTES_S
    while not is_so():
        assert time.monotonic() < deadline_s, appliance.log
        time.sleep(0.1)  # until upkeep's next minutes have passed there is nothing to wait on


def is_answered(box: Box, name: str) -> bool:
    response = ask(box, name)
    return response.rcode() == dns.rcode.NOERROR and addresses(response) == {"192.0.2.3"} and is_validated(response)


def told(box: Box, sentence: str) -> bool:
    """By the page and by `homedot setup-phone`."""
    page = httpx.get(f"http://127.0.0.1:{box.appliance.web_port}/", trust_env=False).text
    return sentence in page and sentence in box.appliance.homedot("setup-phone").stdout


def forwards_once_the_line_is_there(house: Namespace) -> None:
    with internet_in(house) as (internet, line):
        hints = internet.root_hints.with_name("intercepted.hints")
        hints.write_text(f". 60 NS ns.\nns. 60 A {internet.address(INTERCEPTED)}\n")
        with (
            valve((internet.address(INTERCEPTED), 53), ("127.0.0.1", 9)) as port_53,
            started_without_a_line(internet, line, hints) as box,
            connected(box) as client,
        ):
            port_53.state = "failing"
            assert ask_over(client, "n0.wild.signed.test").rcode() == dns.rcode.SERVFAIL
            first = unbound_of(box.appliance)
            line.mend()
            wait_until(lambda: is_answered(box, "n1.wild.signed.test"), box.appliance)
            assert ask_over(client, "n2.wild.signed.test").rcode() == dns.rcode.NOERROR
            second = unbound_of(box.appliance)
            assert second != first
            assert told(box, f"forward: {REWRITTEN}")
            said = f"the resolver was recursive and is now forward: {REWRITTEN}"
            assert box.appliance.log.count(said) == 1
            time.sleep(2 * MINUTE_S)  # in which nothing is to happen
            assert unbound_of(box.appliance) == second
            assert box.appliance.log.count("the network is there") == 1


def recurses_once_the_line_is_there(house: Namespace) -> None:
    with (
        internet_in(house) as (internet, line),
        started_without_a_line(internet, line, internet.root_hints) as box,
        connected(box) as client,
    ):
        assert ask_over(client, "n0.wild.signed.test").rcode() == dns.rcode.SERVFAIL
        unbound = unbound_of(box.appliance)
        time.sleep(2 * MINUTE_S)  # in which nobody is reached
        assert told(box, "recursive: no network yet")
        line.mend()
        wait_until(lambda: is_answered(box, "n1.wild.signed.test"), box.appliance)
        wait_until(lambda: told(box, f"recursive: {ROOT_ANSWERED}"), box.appliance)
        assert ask_over(client, "n2.wild.signed.test").rcode() == dns.rcode.NOERROR
        assert unbound_of(box.appliance) == unbound
        assert box.appliance.log.count(f"the resolver stays recursive: {ROOT_ANSWERED}") == 1


def test_forwards_within_two_minutes_where_port_53_turns_out_to_be_intercepted() -> None:
    with namespace() as house:
        house.inside(lambda: forwards_once_the_line_is_there(house))


def test_goes_on_recursing_with_the_same_unbound_where_a_root_server_turns_out_to_answer() -> None:
    with namespace() as house:
        house.inside(lambda: recurses_once_the_line_is_there(house))
