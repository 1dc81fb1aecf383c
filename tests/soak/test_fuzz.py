"""Damaged messages and damaged hellos, more than anybody sends by accident: each is answered or ended, none does harm.

What fails is told with its number and its octets; `mutated` makes the same again from the number.
"""

import asyncio
import socket
from contextlib import suppress

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import pytest

from tests.fakes.dot_client import DotClient

from .conftest import CACHE_KB, Front
from .mutation import mutated, seeds

pytestmark = [pytest.mark.soak, pytest.mark.anyio]

FRAMES, FRAMES_AT_ONCE, FRAMES_OF_CONNECTION = 100_000, 100, 2_000
HELLOS, HELLOS_AT_ONCE = 20_000, 50
ENDED_WITHIN_S = 8
RECORDS = {20, 21, 22}
"""change_cipher_spec, alert, handshake: what a server may send before the client has proved anything."""

PROOF = dns.message.make_query("signed.test", "A", use_edns=0, id=0xFFFF).to_wire()
"""A good question between the damaged ones, whose ids are all lower."""


SEEDS_OF_FRAMES, SEEDS_OF_HELLOS = seeds("frames"), seeds("hellos")


def frame(number: int) -> bytes:
    """Damaged message `number`; its id is below 0x8000."""
    octets = mutated(SEEDS_OF_FRAMES, number)
    return bytes([octets[0] & 0x7F]) + octets[1:] if octets else b""


async def survives(client: DotClient, messages: list[bytes]) -> str:
    """Send `messages` and a good question; what was wrong before its answer came, or nothing."""
    client.send(*messages, PROOF)
    try:
        while True:
            answer = await client.receive()
            if fault := fault_of(answer):
                return fault
            if answer[:2] == PROOF[:2]:
                return ""
    except (ConnectionError, asyncio.IncompleteReadError, TimeoutError) as error:
        return f"no answer to a good question: {error!r}"


def fault_of(answer: bytes) -> str:
    if len(answer) >= 12 and answer[2] >> 3 == dns.opcode.UPDATE | 0x10:
        return ""  # its sections mean something else, which the reference insists on
    try:
        parsed = dns.message.from_wire(answer)
    except dns.exception.DNSException as error:
        return f"a malformed answer, {error!r}: {answer.hex()}"
    return "" if parsed.flags & dns.flags.QR else f"an answer that is none: {answer.hex()}"


@pytest.mark.parametrize("front", [CACHE_KB], indirect=True)
async def test_c16_a_hundred_thousand_damaged_messages_leave_the_connection_usable(front: Front) -> None:
    for first in range(0, FRAMES, FRAMES_OF_CONNECTION):
        async with DotClient(front.port) as client:
            for start in range(first, first + FRAMES_OF_CONNECTION, FRAMES_AT_ONCE):
                batch = {number: frame(number) for number in range(start, start + FRAMES_AT_ONCE)}
                if fault := await survives(client, list(batch.values())):
                    pytest.fail(f"{fault}\n{await blamed(front, batch)}")


async def blamed(front: Front, batch: dict[int, bytes]) -> str:
    """Those of `batch` that fail alone too; all of it if none does."""
    guilty = {}
    for number, octets in batch.items():
        async with DotClient(front.port) as client:
            if await survives(client, [octets]):
                guilty[number] = octets
    return "\n".join(f"{number}: {octets.hex()}" for number, octets in (guilty or batch).items())


async def test_c2_twenty_thousand_damaged_hellos_get_a_handshake_an_alert_or_the_end(front: Front) -> None:
    faults: list[str] = []

    async def one(number: int) -> None:
        octets = mutated(SEEDS_OF_HELLOS, number)
        answer = b""
        with socket.socket() as client:
            client.setblocking(False)
            client.bind((f"127.70.{number // 250 % 250}.{number % 250 + 1}", 0))
            loop = asyncio.get_running_loop()
            try:
                async with asyncio.timeout(ENDED_WITHIN_S):
                    await loop.sock_connect(client, ("127.0.0.1", front.port))
                    with suppress(ConnectionError):  # refused before it was all sent
                        await loop.sock_sendall(client, octets)
                        client.shutdown(socket.SHUT_WR)
                        while more := await loop.sock_recv(client, 4096):
                            answer += more
            except TimeoutError:
                faults.append(f"{number}: is not ended: {octets.hex()}")
        if answer and answer[0] not in RECORDS:
            faults.append(f"{number}: gets {answer.hex()} for {octets.hex()}")

    for start in range(0, HELLOS, HELLOS_AT_ONCE):
        await asyncio.gather(*(one(number) for number in range(start, start + HELLOS_AT_ONCE)))
        assert not faults, "\n".join(faults)
