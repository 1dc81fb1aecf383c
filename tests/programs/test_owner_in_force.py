"""What the owner sets counts without a restart, in every worker, for all devices and for one."""

import json
import re
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import dns.message
import pytest

from tests.appliance import Appliance, free_ports, running, settings_in
from tests.internet import Internet

pytestmark = pytest.mark.server

WORKERS = 3
NAME = "signed.test"
BLOCKED = "0.0.0.0"


class Devices:
    """Connections to every worker, and datagrams to each of their sockets, from an address of loopback."""

    def __init__(self, appliance: Appliance, plain_port: int, address: str = "127.0.0.1") -> None:
        self.appliance = appliance
        self.plain_port = plain_port
        self.address = address

    def tls(self, name: str = NAME) -> list[str]:
        """What a good many connections are told: the kernel spreads them over the workers."""
        answers = set()
        for _ in range(12):
            command = ["kdig", "-b", self.address, "@127.0.0.1", "-p", str(self.appliance.dot_port)]
            command += ["+tls", "+short", "+retry=0", "+timeout=5", name, "A"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
            answers.add(done.stdout.strip())
        return sorted(answers)

    def udp(self, name: str = NAME) -> list[str]:
        answers = set()
        for _ in range(30):
            with socket.socket(type=socket.SOCK_DGRAM) as client:
                client.bind((self.address, 0))
                client.settimeout(5)
                client.sendto(dns.message.make_query(name, "A").to_wire(), ("127.0.0.1", self.plain_port))
                response = dns.message.from_wire(client.recv(4096))
                answers |= {item.to_text() for each in response.answer for item in each if item.rdtype == 1} or {"-"}
        return sorted(answers)


@pytest.fixture
def environment(folder: Path, internet: Internet) -> dict[str, str]:
    (folder / "list.txt").write_text("ads.example\n")
    (folder / "list.txt").chmod(0o644)
    (plain_port,) = free_ports(1)
    return settings_in(
        folder,
        HOMEDOT_BLOCKING__ENABLED="true",
        HOMEDOT_BLOCKING__LISTS=str(folder / "list.txt"),
        HOMEDOT_BLOCKING__ALLOW="good.example",
        HOMEDOT_DOT__WORKERS=str(WORKERS),
        TZ="Asia/Tokyo",
        HOMEDOT_PLAIN__ENABLED="true",
        HOMEDOT_PLAIN__PORT=str(plain_port),
        **internet.environment,
    )


def said(appliance: Appliance, *words: str) -> str:
    done = appliance.homedot(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_denied_allowed_and_undone_counts_at_once_for_every_worker_and_transport(
    folder: Path, environment: dict[str, str]
) -> None:
    with running(folder, environment) as appliance:
        devices = Devices(appliance, int(environment["HOMEDOT_PLAIN__PORT"]))
        (usual,) = devices.tls()
        assert devices.udp() == [usual]
        steps = [
            (["deny", NAME], f"{NAME} is blocked, with everything below it\n", BLOCKED),
            (["allow", NAME], f"{NAME} is allowed, with everything below it\n", usual),
            (["undo"], f"undone: {NAME} is allowed, with everything below it\n{NAME} is blocked", BLOCKED),
            (["forget", NAME], f"{NAME} is neither allowed nor denied by you any more\n", usual),
        ]
        for words, sentence, expected in steps:
            assert said(appliance, *words).startswith(sentence)
            # The command has ended: now, and not within a second.
            assert devices.udp() == [expected], words
            assert devices.tls() == [expected], words
        assert "good.example: is allowed by blocking.allow, set in HOMEDOT_BLOCKING__ALLOW: change it there" in (
            appliance.homedot("forget", "good.example").stderr
        )


def test_a_pause_for_one_device_is_no_pause_for_another_and_outlives_a_restart(
    folder: Path, environment: dict[str, str]
) -> None:
    with running(folder, environment) as appliance:
        port = int(environment["HOMEDOT_PLAIN__PORT"])
        phone, tv = (Devices(appliance, port, address) for address in ("127.0.7.1", "127.0.7.2"))
        (usual,) = phone.udp()
        said(appliance, "deny", NAME)
        assert phone.udp() == tv.udp() == phone.tls() == [BLOCKED]
        assert "paused for 127.0.7.1 until" in said(appliance, "pause", "1h", "--device", "127.0.7.1")
        for asked in (phone.udp, phone.tls):
            assert asked() == [usual]
        for asked in (tv.udp, tv.tls):
            assert asked() == [BLOCKED]
    with running(folder, environment) as appliance:
        port = int(environment["HOMEDOT_PLAIN__PORT"])
        phone, tv = (Devices(appliance, port, address) for address in ("127.0.7.1", "127.0.7.2"))
        until(lambda: phone.udp() == phone.tls() == [usual])
        assert tv.udp() == tv.tls() == [BLOCKED]
        said(appliance, "resume", "--device", "127.0.7.1")
        assert phone.udp() == phone.tls() == [BLOCKED]
        said(appliance, "pause", "tomorrow")
        (pause,) = json.loads(appliance.homedot("changes", "--json").stdout)["pauses"]
        assert pause["value"] % 86400 == 15 * 3600  # midnight in Tokyo
        assert tv.udp() == tv.tls() == [usual]
        assert re.search("paused for", said(appliance, "status"))


def test_a_list_is_added_and_used_once_it_is_compiled_and_removed_again(
    folder: Path, environment: dict[str, str]
) -> None:
    (folder / "more.txt").write_text(f"{NAME}\n")
    (folder / "more.txt").chmod(0o644)
    source = str(folder / "more.txt")
    with running(folder, environment) as appliance:
        devices = Devices(appliance, int(environment["HOMEDOT_PLAIN__PORT"]))
        (usual,) = devices.udp()
        assert said(appliance, "lists", "add", source).startswith(f"{source} is a block list from now on")
        until(lambda: devices.udp() == [BLOCKED])
        assert devices.tls() == [BLOCKED]
        assert f"{source}\n  more.txt, 1 names" in (shown := said(appliance, "lists"))
        assert re.search(r"  set \d{4}-\d\d-\d\d \d\d:\d\d by homedot lists add", shown)
        assert "  set in HOMEDOT_BLOCKING__LISTS" in shown
        said(appliance, "lists", "remove", source)
        assert devices.udp() == [usual]
        assert devices.tls() == [usual]
        until(lambda: not list((folder / "data/lists").glob("more*")))
        assert "set in HOMEDOT_BLOCKING__LISTS: change it there" in (
            appliance.homedot("lists", "remove", str(folder / "list.txt")).stderr
        )


def until(true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)  # another process's work: there is nothing to wait on
