"""Clients that mean harm, and a machine that fails: the others are served, and nothing is left behind."""

import asyncio
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import time
from contextlib import suppress
from dataclasses import replace

import dns.edns
import dns.message
import pytest

from tests.appliance import PROGRAMS, children, clean, command_line, free_ports
from tests.dot.test_clienthello import hello
from tests.fakes.dot_client import DotClient
from tests.soak.conftest import CACHE_KB, MEMORY_SLACK_KB, Front, wait_until_closed

pytestmark = [pytest.mark.soak, pytest.mark.anyio]


def query(name: str = "signed.test") -> bytes:
    return dns.message.make_query(name, "A", use_edns=0).to_wire()


async def test_c14_five_thousand_half_open_connections(front: Front) -> None:
    crowd = await front.crowd(5000)
    assert "status: NOERROR" in await asyncio.to_thread(front.strict_kdig)
    for client in crowd:
        client.close()


async def test_c14_two_thousand_handshakes_of_one_octet_a_second(front: Front) -> None:
    flight = hello(["dot"])
    crowd = await front.crowd(2000)
    for at in range(5):
        begun_s = time.monotonic()
        for client in crowd:
            with suppress(OSError):
                client.send(flight[at : at + 1])
        assert "status: NOERROR" in await asyncio.to_thread(front.strict_kdig)
        await asyncio.sleep(max(0, 1 - (time.monotonic() - begun_s)))  # the drip itself
    for client in crowd:
        client.close()


async def test_c14_a_client_that_never_reads_ten_thousand_answers(front: Front) -> None:
    async with DotClient(front.port) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(20):
                for _ in range(100):
                    client.send(*[query("big.signed.test")] * 100)
                    await client.writer.drain()
        assert "status: NOERROR" in await asyncio.to_thread(front.strict_kdig)


async def test_c11_a_client_that_leaves_with_ten_thousand_queries_unfinished(front: Front) -> None:
    async with DotClient(front.port) as client:
        for number in range(100):
            client.send(*[query(f"n{number}x{inner}.wild.signed.test") for inner in range(100)])
        raw: socket.socket = client.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def test_unbound_killed_and_back_under_load(front: Front) -> None:
    async def ask(client: DotClient, name: str) -> int:
        client.send(query(name))
        return dns.message.from_wire(await client.receive()).rcode()

    async with DotClient(front.port) as client:
        rcodes = []
        for number in range(200):
            if number in (50, 100):
                supervised = children(front.appliance.process.pid)
                unbound = [pid for pid in supervised if "unbound" in command_line(pid)]
                for pid in unbound:
                    os.kill(pid, signal.SIGKILL)
            rcodes.append(await ask(client, f"k{number}.wild.signed.test"))
    assert rcodes.count(0) >= 195, rcodes


async def test_file_descriptors_exhausted(front: Front) -> None:
    """A front door of its own that may open few files, behind it the same unbound."""
    run_dir = front.appliance.folder / "poor"
    shutil.copytree(front.appliance.folder / "run/tls", run_dir / "tls")
    (run_dir / "dot").mkdir()
    (port,) = free_ports(1)
    environment = {**front.appliance.environment, "HOMEDOT_RUN_DIR": str(run_dir), "HOMEDOT_DOT__PORT": str(port)}
    log = run_dir / "log"
    with log.open("wb") as output:
        poor = subprocess.Popen([*PROGRAMS, "front"], env=clean(environment), stderr=output)  # noqa: ASYNC220
    try:
        poor_front = replace(front, own_port=port, own_pid=poor.pid)
        while "answering" not in log.read_text():
            await asyncio.sleep(0.05)  # until it listens
        descriptors, before_kb = poor_front.descriptors, poor_front.memory_kb
        resource.prlimit(
            poor.pid, resource.RLIMIT_NOFILE, (descriptors + 20, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        )
        crowd = await poor_front.crowd(200)
        async with asyncio.timeout(20):
            while "cannot accept: Too many open files" not in log.read_text():
                await asyncio.sleep(0.05)  # until it has run into its limit
        for client in crowd:
            client.close()
        assert "status: NOERROR" in await asyncio.to_thread(poor_front.strict_kdig)
        await asyncio.to_thread(wait_until_closed, poor_front, descriptors)
        assert poor_front.memory_kb < before_kb + MEMORY_SLACK_KB
        assert "Traceback" not in log.read_text()
    finally:
        poor.terminate()
        assert await asyncio.to_thread(poor.wait, 20) == 0


@pytest.mark.parametrize("front", [CACHE_KB], indirect=True)
async def test_one_name_with_a_hundred_thousand_paddings_does_not_push_the_others_out(front: Front) -> None:
    async with DotClient(front.port) as client:
        for start in range(0, 100_000, 100):
            batch = []
            for number in range(start, start + 100):
                option = dns.edns.GenericOption(dns.edns.OptionType.PADDING, number.to_bytes(4, "big"))
                batch.append(dns.message.make_query("signed.test", "A", use_edns=0, options=[option]).to_wire())
            client.send(*batch)
            for _ in batch:
                await client.receive()
