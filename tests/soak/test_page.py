"""A setup page under attack is nobody's concern who only wants names resolved."""

import asyncio
import socket
import time
from contextlib import suppress

import httpx
import pytest

from .conftest import Front

pytestmark = pytest.mark.soak

CROWD = 1000
DRIPS = 8
LIFETIME_S = 30
SLOWEST_S = 3.0


async def crowd(port: int, addresses: int) -> list[socket.socket]:
    """CROWD connections from `addresses` addresses, each with the start of a request that never ends."""
    loop = asyncio.get_running_loop()
    sockets = []
    for number in range(CROWD):
        client = socket.socket()
        client.setblocking(False)
        client.bind((f"127.70.{number % addresses // 250}.{number % addresses % 250 + 1}", 0))
        sockets.append(client)
        with suppress(OSError):
            await loop.sock_connect(client, ("127.0.0.1", port))
    return sockets


async def drip(sockets: list[socket.socket]) -> None:
    for octet in b"GET / HT"[:DRIPS]:
        for client in sockets:
            with suppress(OSError):
                client.send(bytes([octet]))
        await asyncio.sleep(0.5)


def close(sockets: list[socket.socket]) -> None:
    for client in sockets:
        client.close()


def strict_queries(front: Front) -> list[float]:
    """Seconds that a strict client waits, time after time."""
    taken = []
    for _ in range(10):
        begun_s = time.monotonic()
        answer = front.strict_kdig()
        assert "status: NOERROR" in answer, answer
        taken.append(time.monotonic() - begun_s)
    return taken


def test_a_thousand_slow_readers_of_the_page_cost_dns_nothing(front: Front) -> None:
    async def attack() -> list[float]:
        sockets = await crowd(front.appliance.web_port, addresses=CROWD)
        dripping = asyncio.create_task(drip(sockets))
        try:
            return await asyncio.to_thread(strict_queries, front)
        finally:
            await dripping
            close(sockets)

    assert max(asyncio.run(attack())) < SLOWEST_S


def test_one_client_with_a_thousand_connections_does_not_take_the_page_from_others(front: Front) -> None:
    async def attack() -> int:
        sockets = await crowd(front.appliance.web_port, addresses=1)
        dripping = asyncio.create_task(drip(sockets))
        try:
            async with httpx.AsyncClient() as other:
                return (await other.get(f"http://127.0.0.1:{front.appliance.web_port}/")).status_code
        finally:
            await dripping
            close(sockets)

    assert asyncio.run(attack()) == 200


def test_the_page_is_back_when_the_crowd_has_had_its_time(front: Front) -> None:
    async def attack() -> float:
        sockets = await crowd(front.appliance.web_port, addresses=CROWD)
        begun_s = time.monotonic()
        try:
            async with httpx.AsyncClient(timeout=10) as other:
                while True:
                    with suppress(httpx.HTTPError):
                        if (await other.get(f"http://127.0.0.1:{front.appliance.web_port}/")).status_code == 200:
                            return time.monotonic() - begun_s
                    await asyncio.sleep(0.5)  # as a person would try again
        finally:
            close(sockets)

    assert asyncio.run(asyncio.wait_for(attack(), 90)) < LIFETIME_S + 20


@pytest.mark.parametrize("path", ["/", "/probe", "/check/new", "/homedot.mobileconfig?when=always"])
def test_a_page_that_is_asked_without_end_leaves_names_to_be_resolved(front: Front, path: str) -> None:
    async def attack() -> tuple[list[float], int]:
        answered = 0

        async def ask_on(client: httpx.AsyncClient) -> None:
            nonlocal answered
            while True:
                with suppress(httpx.HTTPError):
                    answered += (await client.get(path)).status_code == 200

        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{front.appliance.web_port}") as client:
            askers = [asyncio.create_task(ask_on(client)) for _ in range(8)]
            taken = await asyncio.to_thread(strict_queries, front)
            for asker in askers:
                asker.cancel()
            await asyncio.gather(*askers, return_exceptions=True)
        return taken, answered

    taken, answered = asyncio.run(attack())
    assert max(taken) < SLOWEST_S
    assert answered > 0
