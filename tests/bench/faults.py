"""Eleven things that go wrong in a home, each made with real servers, and what this box says of them.

`python -m tests.bench.faults`, as root, prints for each how long it takes until every surface says so, and until all
say that it is over. Each has a network namespace, a private internet and an appliance of its own. Somebody asks for
names all the while.
"""

import html
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import dns.exception
import dns.flags
import dns.message
import dns.query

from tests.appliance import DEADLINE_S, Appliance, children, clean, command_line, folder_for_all, running, settings_in
from tests.fakes.forwarder import forwarding as resolving
from tests.fakes.pki import Authority
from tests.internet import FORWARDER, Internet, run, write_zones
from tests.internet.forwarder import NAME, PLAIN_PORT, TLS_PORT
from tests.internet.valve import Valve, valve
from tests.namespace import Namespace, namespace

TOLD_WITHIN_S = 30.0
GIVE_UP_S = 90.0
WELL = "Well: names are answered, checked with DNSSEC"
LASTS_S = 60.0
"""For which a box that stays well must say so."""
_VALVE, _SWITCH, _INTERCEPTOR = 110, 111, 112
_WORKING, _NEW = ("pool.ntp.org",), ("pool.ntp.org", "unsigned.test", "signed.test", "example.com")
"""Before a fault, and from then on: who looks further."""
_BROKEN = ("bogus.test", "expired.test", "early.test", "stripped.test", "foreign.test", "rekeyed.test", "dead.test")


class Switch:
    """Passes connections on to `target`; `pass_to` another ends those that there are."""

    def __init__(self, address: tuple[str, int], target: tuple[str, int]) -> None:
        self._target = target
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(address)
        threading.Thread(target=self._accept, daemon=True).start()

    def pass_to(self, target: tuple[str, int]) -> None:
        self._target = target
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(self._target, 5) as server:
            self._open += [client, server]
            back = threading.Thread(target=_copy, args=(server, client), daemon=True)
            back.start()
            _copy(client, server)
            back.join(20)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while octets := source.recv(65536):
            sink.sendall(octets)
        sink.shutdown(socket.SHUT_WR)


@dataclass
class House:
    """What can be broken. `folder` has the files of the internet's servers."""

    network: Namespace
    internet: Internet
    folder: Path
    valve: Valve
    switch: Switch
    impostor: tuple[str, int]
    domains: Sequence[str] = _WORKING
    boxes: list[Appliance] = field(default_factory=list)

    @property
    def box(self) -> Appliance:
        return self.boxes[0]

    @property
    def servers(self) -> list[int]:
        return [int((self.folder / f"{name}.pid").read_text()) for name in ("root", "tld", "leaves")]

    def signal_servers(self, number: int) -> None:
        for server in self.servers:
            os.killpg(server, number)

    def signal_program(self, number: int, words: str) -> None:
        os.kill(next(pid for pid in children(self.box.process.pid) if words in command_line(pid)), number)

    def say(self, state: str) -> None:
        self.valve.state = state  # type: ignore[assignment]

    def present(self, target: tuple[str, int]) -> None:
        self.switch.pass_to(target)

    def rewrite(self) -> None:
        """Whatever unbound's user sends to port 53 gets to another resolver."""
        for protocol in ("udp", "tcp"):
            self.network.run(
                "iptables", "-t", "nat", "-A", "OUTPUT", "-p", protocol, "--dport", "53", "-m", "owner",
                "--uid-owner", "unbound", "-j", "DNAT", "--to-destination", f"{self.internet.address(_INTERCEPTOR)}:53",
            )  # fmt: skip

    def restore(self) -> None:
        self.network.run("iptables", "-t", "nat", "-F", "OUTPUT")

    def cut(self) -> None:
        self.network.run("ip", "rule", "add", "pref", "10", "lookup", "local")
        self.network.run("ip", "rule", "del", "pref", "0")
        self.network.run("ip", "rule", "add", "pref", "5", "to", f"{self.internet.block}.0/24", "unreachable")

    def mend(self) -> None:
        self.network.run("ip", "rule", "del", "pref", "5")

    def sign(self, now: datetime) -> None:
        """The internet lives at another time, so that this box's clock is wrong there."""
        write_zones(self.folder, self.internet.block, self.internet.signers, now)
        for server in self.servers:
            os.kill(server, signal.SIGHUP)


Change = Callable[[House], object]
Settings = Callable[[Internet], Mapping[str, str]]


def recursing(internet: Internet) -> Mapping[str, str]:
    return internet.environment


def forwarding(*addresses: Callable[[Internet], str]) -> Settings:
    def settings(internet: Internet) -> Mapping[str, str]:
        return {
            **internet.environment,
            "HOMEDOT_RESOLVER__MODE": "forward",
            "HOMEDOT_RESOLVER__FORWARD": ", ".join(address(internet) for address in addresses),
            "HOMEDOT_RESOLVER__CA_BUNDLE": str(internet.ca_bundle),
        }

    return settings


def by_valve(internet: Internet) -> str:
    return internet.address(_VALVE)


def by_switch(internet: Internet) -> str:
    return f"tls://{internet.address(_SWITCH)}@{TLS_PORT}#{NAME}"


@dataclass(frozen=True)
class Fault:
    """A box with `settings` suffers `begin`, and says `sentence`, which is of `kind`, until `end`."""

    name: str
    kind: str
    sentence: str
    begin: Change
    end: Change
    settings: Settings = recursing
    stays_well: bool = False


def only_broken(house: House) -> None:
    house.domains = _BROKEN


def as_before(house: House) -> None:
    house.domains = _WORKING


FAULTS = (
    Fault(
        "all authoritative servers dead", "unreachable", "Answers, but the internet cannot be reached",
        lambda house: house.signal_servers(signal.SIGSTOP), lambda house: house.signal_servers(signal.SIGCONT),
    ),
    Fault(
        "the only forwarder dead", "forwarder_silent", "Answers, but the forwarder does not answer: 127.53.",
        lambda house: house.say("silent"), lambda house: house.say("open"), forwarding(by_valve),
    ),
    Fault(
        "one of two forwarders dead", "well", "does not answer, another one does",
        lambda house: house.say("silent"), lambda house: house.say("open"),
        forwarding(lambda internet: internet.forwarder_plain, by_valve),
    ),
    Fault(
        "a forwarder strips signatures", "forwarder_not_validating",
        "Answers, but the forwarder does not validate: 127.53.",
        lambda house: house.say("unsigned"), lambda house: house.say("open"), forwarding(by_valve),
    ),
    Fault(
        "a forwarder's certificate wrong", "forwarder_certificate",
        "Answers, but the forwarder cannot prove its name: forward.test (",
        lambda house: house.present(house.impostor),
        lambda house: house.present((house.internet.address(FORWARDER), TLS_PORT)), forwarding(by_switch),
    ),
    Fault(
        "port 53 rewritten", "rewritten", "Answers, but names are rewritten on the way",
        House.rewrite, House.restore,
    ),
    Fault(
        "the clock a year wrong", "clock_wrong", "Answers, but the clock of this machine is wrong",
        lambda house: house.sign(datetime.now(UTC) - timedelta(days=365)),
        lambda house: house.sign(datetime.now(UTC) - timedelta(hours=1)),
    ),
    Fault(
        "unbound stopped", "not_answering", "Does not answer: unbound does not run, or hangs",
        lambda house: house.signal_program(signal.SIGSTOP, "unbound.conf"),
        lambda house: house.signal_program(signal.SIGCONT, "unbound.conf"),
    ),
    Fault(
        "the front door stopped",
        "not_answering",
        "Does not answer: the front door (dot) does not run, or hangs",
        lambda house: house.signal_program(signal.SIGSTOP, "programs front"),
        lambda house: house.signal_program(signal.SIGCONT, "programs front"),
    ),
    Fault("no network at all", "no_network", "Answers, but this machine has no network", House.cut, House.mend),
    Fault("one client, broken names only", "well", WELL, only_broken, as_before, stays_well=True),
)  # fmt: skip


class Row(NamedTuple):
    """What was measured: seconds until every surface said so, and until every surface said that it was over; which
    surfaces did not, and what was said."""

    told_s: float | None
    over_s: float | None
    missing: Sequence[str]
    text: str


def is_as_it_should_be(row: Row) -> bool:
    return not row.missing and all(each is not None and each <= TOLD_WITHIN_S for each in (row.told_s, row.over_s))


def measure(fault: Fault) -> Row:
    with namespace() as network:
        return network.inside(lambda: _measure(fault, network))


def _measure(fault: Fault, network: Namespace) -> Row:
    with ExitStack() as stack:
        house = stack.enter_context(_house(network))
        environment = dict(fault.settings(house.internet))
        folder = stack.enter_context(folder_for_all())
        house.boxes.append(stack.enter_context(running(folder, settings_in(folder, **environment))))
        stack.enter_context(_asking(house))
        try:
            return _observe(fault, house)
        except AssertionError:
            print(house.box.log, file=sys.stderr)
            raise


def _observe(fault: Fault, house: House) -> Row:
    assert _until(lambda: _says(house, "well", WELL, clean=True), GIVE_UP_S) is not None, "it never was well"
    time.sleep(5)  # what a home does
    lines = len(house.box.log)
    house.domains = _NEW
    fault.begin(house)
    if fault.stays_well:
        stayed_well = _until(lambda: not _says(house, "well", WELL), LASTS_S) is None
        missing = _missing(house, fault, 0)
        return Row(0.0 if stayed_well else None, 0.0 if stayed_well else None, missing, _ready(house)[1])
    told_s = _until(lambda: _says(house, fault.kind, fault.sentence), GIVE_UP_S)
    text, missing = _ready(house)[1], _missing(house, fault, lines)
    fault.end(house)
    over_s = _until(lambda: _says(house, "well", WELL, clean=True), GIVE_UP_S)
    return Row(told_s, over_s, missing, text)


def _until(is_so: Callable[[], bool], within_s: float) -> float | None:
    begun_s = time.monotonic()
    while time.monotonic() - begun_s < within_s:
        if is_so():
            return time.monotonic() - begun_s
        time.sleep(0.25)
    return None


def _says(house: House, kind: str, sentence: str, *, clean: bool = False) -> bool:
    """Whether it is ready as is right for `kind`, and says `sentence`; nothing more than since when if `clean`."""
    code, text = _ready(house)
    return code == (200 if kind == "well" else 503) and sentence in text and not (clean and "(" in text)


def _missing(house: House, fault: Fault, lines: int) -> list[str]:
    """The surfaces that do not say it."""
    box = house.box
    metrics = _get(box, "/metrics")[1]
    shown = {
        "page": html.unescape(_get(box, "/")[1]),
        "status": box.homedot("status").stdout,
        "readyz": _ready(house)[1],
        "doctor": _first_line_of_doctor(box),
        "log": "".join(line for line in box.log[lines:].splitlines() if "condition: " in line),
    }
    missing = [surface for surface, text in shown.items() if fault.sentence not in text]
    return missing if f'homedot_condition{{condition="{fault.kind}"}} 1' in metrics else [*missing, "metric"]


def _first_line_of_doctor(box: Appliance) -> str:
    """What it says before it examines everything."""
    with subprocess.Popen(
        ["homedot", "doctor"], env=clean(box.environment), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as doctor:
        assert doctor.stdout is not None
        line = doctor.stdout.readline()
        doctor.kill()
    return line


def _ready(house: House) -> tuple[int, str]:
    return _get(house.box, "/readyz")


def _get(box: Appliance, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{box.web_port}{path}", timeout=DEADLINE_S) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


@contextmanager
def _house(network: Namespace) -> Iterator[House]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="homedot-internet-")))
        folder.chmod(0o755)
        internet = stack.enter_context(run(folder))
        forwarder = internet.address(FORWARDER)
        plain = stack.enter_context(valve((internet.address(_VALVE), 53), (forwarder, PLAIN_PORT)))
        switch = Switch((internet.address(_SWITCH), TLS_PORT), (forwarder, TLS_PORT))
        stack.callback(switch.close)
        stack.enter_context(resolving(partial(_resolved, forwarder), (internet.address(_INTERCEPTOR), 53)))
        yield House(network, internet, folder, plain, switch, _impostor(folder))


def _resolved(forwarder: str, query: dns.message.Message) -> dns.message.Message:
    """What a resolver answers that takes everybody's questions for its own clients'."""
    asked = dns.message.from_wire(query.to_wire())
    asked.flags |= dns.flags.RD
    response, _ = dns.query.udp_with_fallback(asked, forwarder, 5, PLAIN_PORT)
    return response


def _impostor(folder: Path) -> tuple[str, int]:
    """One that speaks TLS in the name of the forwarder, with a certificate that nobody trusts."""
    leaf = Authority().intermediate.sign(NAME, names=[NAME])
    path = folder / "impostor.pem"
    path.write_bytes(leaf.pem + leaf.key_pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            client, _ = listening.accept()
            with suppress(OSError), client, context.wrap_socket(client, server_side=True) as secured:
                secured.recv(1)

    threading.Thread(target=serve, daemon=True).start()
    host, port = listening.getsockname()
    return host, port


@contextmanager
def _asking(house: House) -> Iterator[None]:
    """Somebody asks for a new name of each of its domains, every second."""
    ended = threading.Event()

    def ask(number: int) -> None:
        while not ended.wait(1.0):
            domains = house.domains
            for domain in domains[number::2]:
                query = dns.message.make_query(f"n{uuid4().hex[:10]}.{domain}", "A")
                with suppress(OSError, EOFError, dns.exception.DNSException):
                    dns.query.tls(query, "127.0.0.1", 2, house.box.dot_port, verify=False)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def main(names: Sequence[str]) -> int:
    """Print the table of those whose name has one of `names`, or of all. Returns 1 if one is not as it should be."""
    is_good = True
    print(f"| fault | told after | over after | surfaces | what is said |\n|{'---|' * 5}", flush=True)
    for fault in FAULTS:
        if names and not any(name in fault.name for name in names):
            continue
        row = measure(fault)
        told, over = ("never" if each is None else f"{each:.1f} s" for each in (row.told_s, row.over_s))
        surfaces = f"{6 - len(row.missing)} of 6" + (f", not {', '.join(row.missing)}" if row.missing else "")
        print(f"| {fault.name} | {told} | {over} | {surfaces} | {row.text.strip()} |", flush=True)
        is_good &= is_as_it_should_be(row)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
