"""Port 53 of one address is often somebody else's: systemd-resolved has 127.0.0.53, dnsmasq a bridge."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.appliance import PROGRAMS, folder_for_all, run, running, settings_in, start_with_fast_minutes
from tests.namespace import Namespace, allow_tunnels, namespace

pytestmark = pytest.mark.server

LAN, LATER = "192.168.77.10", "192.168.77.20"
PLAIN = {"HOMEDOT_PLAIN__ENABLED": "true", "HOMEDOT_PLAIN__PORT": "53", "HOMEDOT_RESOLVER__MODE": "recursive"}
KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


@contextmanager
def others(*addresses: str) -> Iterator[None]:
    """Somebody has port 53 of these, UDP and TCP."""
    taken = [socket.socket(type=kind) for kind in KINDS for _ in addresses]
    for bound, address in zip(taken, addresses * 2, strict=True):
        bound.bind((address, 53))
        if bound.type == socket.SOCK_STREAM:
            bound.listen()
    yield
    for bound in taken:
        bound.close()


@pytest.fixture
def house() -> Iterator[Namespace]:
    """A machine with one network card, and a bridge of virtual machines."""
    allow_tunnels()
    with namespace() as made:
        for command in (
            "ip tuntap add eth0 mode tap",
            "ip link set eth0 up",
            f"ip address add {LAN}/24 dev eth0",
            "ip link add virbr0 type bridge",
            "ip link set virbr0 up",
            "ip address add 192.168.122.1/24 dev virbr0",
        ):
            made.run(*command.split())
        yield made


def answers(address: str) -> bool:
    """Whether plain DNS does, over UDP and TCP."""
    query = dns.message.make_query("localhost", "A")
    with suppress(OSError, dns.exception.DNSException):
        found = [ask(query, address, 1.0) for ask in (dns.query.udp, dns.query.tcp)]
        return [answer.rcode() for answer in found] == [dns.rcode.NOERROR] * 2
    return False


def test_plain_dns_is_answered_beside_others_who_have_the_port_on_one_address(house: Namespace) -> None:
    def live() -> str:
        with folder_for_all() as folder, others("127.0.0.53", "192.168.122.1"):
            environment = settings_in(folder, HOMEDOT_ADDRESSES="", HOMEDOT_DOT__WORKERS="2", **PLAIN)
            with running(folder, environment, start_with_fast_minutes(folder)) as appliance:
                assert answers(LAN)
                assert answers("127.0.0.1")
                house.run("ip", "address", "add", f"{LATER}/24", "dev", "eth0")
                deadline_s = time.monotonic() + 25
                while not answers(LATER):
                    assert time.monotonic() < deadline_s, appliance.log
                    time.sleep(0.1)  # until upkeep's next minute has passed there is nothing to wait on
                return appliance.log

    log = house.inside(live)
    assert "plain.port: 53 is taken on 127.0.0.53 (" in log
    assert f"plain DNS is answered on 127.0.0.1, {LAN}" in log
    assert f"starts anew for plain DNS on {LATER}" in log


def test_who_has_the_port_of_this_box_itself_is_named(house: Namespace) -> None:
    def live() -> str:
        with folder_for_all() as folder, others(LAN):
            environment = settings_in(folder, HOMEDOT_ADDRESSES="", **PLAIN)
            assert house.bootstrap(environment).returncode == 0
            return run([*PROGRAMS, "front"], environment).stderr

    assert f"plain.port: 53 is taken by another program (see `ss -lntup`): it has {LAN} (" in house.inside(live)
