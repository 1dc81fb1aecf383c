"""A port of one address is often somebody else's: systemd-resolved has 53 of 127.0.0.53, a proxy 853 of loopback."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import dns.exception
import dns.message
import dns.query
import dns.rcode
import httpx
import pytest

from tests.appliance import (
    HOSTNAME,
    PROGRAMS,
    Appliance,
    folder_for_all,
    run,
    running,
    settings_in,
    start_with_fast_minutes,
)
from tests.namespace import Namespace, allow_tunnels, namespace

pytestmark = pytest.mark.server

LAN, LATER = "192.168.77.10", "192.168.77.20"
PLAIN = {"HOMEDOT_PLAIN__ENABLED": "true", "HOMEDOT_PLAIN__PORT": "53", "HOMEDOT_RESOLVER__MODE": "recursive"}
KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


@contextmanager
def others(*addresses: str, port: int = 53) -> Iterator[None]:
    """Somebody has the port of these, UDP and TCP."""
    taken = [socket.socket(type=kind) for kind in KINDS for _ in addresses]
    for bound, address in zip(taken, addresses * 2, strict=True):
        bound.bind((address, port))
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
    assert f"starting anew to answer on {LATER} too" in log


def test_dns_over_tls_and_the_page_live_beside_who_has_their_port_on_another_address(house: Namespace) -> None:
    """A stunnel on 127.0.0.1, a web server on the bridge of virtual machines; then this box gets one more."""

    def live() -> str:
        environment = {"HOMEDOT_ADDRESSES": "", "HOMEDOT_RESOLVER__MODE": "recursive", "HOMEDOT_DOT__PORT": "853"}
        environment["HOMEDOT_WEB__PORT"] = "8853"
        with (
            folder_for_all() as folder,
            others("127.0.0.1", port=853),
            others("192.168.122.1", port=8853),
            running(folder, settings_in(folder) | environment, start_with_fast_minutes(folder)) as appliance,
        ):
            assert appliance.homedot("healthcheck").stderr == ""
            assert over_tls(LAN, appliance)
            assert page(LAN)
            house.run("ip", "address", "add", f"{LATER}/24", "dev", "eth0")
            deadline_s = time.monotonic() + 25
            while not (over_tls(LATER, appliance) and page(LATER)):
                assert time.monotonic() < deadline_s, appliance.log
                time.sleep(0.1)  # until upkeep's next minute has passed there is nothing to wait on
            return appliance.log

    log = house.inside(live)
    assert "dot.port: 853 is taken on 127.0.0.1 by another program: " in log
    assert f"DNS over TLS is answered on {LAN}" in log
    assert "web.port: 8853 is taken on 192.168.122.1" in log
    assert f": the setup page is answered on 127.0.0.1, {LAN}" in log


def over_tls(address: str, appliance: Appliance) -> bool:
    query, context = dns.message.make_query("localhost", "A"), ssl.create_default_context(cafile=appliance.root)
    with suppress(OSError, EOFError, dns.exception.DNSException):
        answer = dns.query.tls(query, address, 1.0, ssl_context=context, server_hostname=HOSTNAME)
        return answer.rcode() == dns.rcode.NOERROR
    return False


def page(address: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://{address}:8853/", timeout=2.0).status_code == 200
    return False


@pytest.mark.parametrize("taken", [LAN, "0.0.0.0"])
def test_who_has_the_port_of_the_page_where_devices_look_for_it_is_named(house: Namespace, taken: str) -> None:
    def live() -> str:
        with folder_for_all() as folder, others(taken, port=8853):
            environment = settings_in(folder) | {"HOMEDOT_ADDRESSES": "", "HOMEDOT_WEB__PORT": "8853"}
            assert house.bootstrap(environment).returncode == 0
            return run([*PROGRAMS, "web"], environment).stderr

    told = house.inside(live)
    assert f": it has {LAN if taken == LAN else 'every address'} (" in told
    assert ("leave its address out of `addresses`" in told) == (taken == LAN)


def test_who_has_the_port_of_this_box_itself_is_named(house: Namespace) -> None:
    def live() -> str:
        with folder_for_all() as folder, others(LAN):
            environment = settings_in(folder, HOMEDOT_ADDRESSES="", **PLAIN)
            assert house.bootstrap(environment).returncode == 0
            return run([*PROGRAMS, "front"], environment).stderr

    assert f"plain.port: 53 is taken by another program (see `ss -lntup`): it has {LAN} (" in house.inside(live)
