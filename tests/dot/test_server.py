import asyncio
import os
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.dot.counters import Count
from app.dot.occupancy import Occupancy
from tests.dot.serving import Serving, serving
from tests.fakes.answerer import EchoAnswerer
from tests.fakes.dot_client import DotClient, unverified_context
from tests.fakes.pair import write_pair

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=pytest.mark.server)])
async def test_listens_on_ipv4_and_ipv6(pair: Path, host: str) -> None:
    async with serving(pair) as house, DotClient(house.port, host) as client:
        client.send(b"hello")
        assert await client.receive() == b"hello"


async def test_c2_never_answers_plain_dns(pair: Path) -> None:
    async with serving(pair) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(b"\0\x1d" + bytes(29))
        async with asyncio.timeout(10):
            assert (await reader.read())[:1] == b"\x15"  # an alert, then the end
        writer.close()
        assert house.answerer.seen == []


async def test_c13_a_flood_of_idle_connections_does_not_lock_a_newcomer_out(pair: Path) -> None:
    async with serving(pair, connections=4) as house:
        crowd = [DotClient(house.port) for _ in range(6)]
        for client in crowd:
            await client.__aenter__()
        async with DotClient(house.port) as client:
            client.send(b"hello")
            assert await client.receive() == b"hello"
        assert await crowd[0].ended() == b""
        for left in crowd:
            left.writer.transport.abort()


async def test_c13_a_crowd_that_waits_for_answers_locks_no_newcomer_out(pair: Path) -> None:
    async with serving(pair, connections=2) as house, DotClient(house.port) as first, DotClient(house.port) as second:
        first.send(b"slow")
        await house.answerer.somebody_waits.wait()
        second.send(b"slow")
        async with DotClient(house.port) as client:
            assert await first.ended() == b""
            client.send(b"hello")
            assert await client.receive() == b"hello"
            house.answerer.release()
            assert await second.receive() == b"slow"


async def test_c13_who_has_not_asked_yet_stays_while_others_are_longer_without_progress(pair: Path) -> None:
    async with (
        serving(pair, connections=2, write_timeout_s=60) as house,
        not_reading(house),
        DotClient(house.port) as idle,
        DotClient(house.port),
    ):
        idle.send(b"hello")
        assert await idle.receive() == b"hello"
        assert house.counted(Count.LEFT_UNREAD) == 1


def _unsent_bytes(house: Serving) -> list[int]:
    return [connection.unsent_bytes for connection in house.server._admission.connections()]


@asynccontextmanager
async def not_reading(house: Serving) -> AsyncIterator[DotClient]:
    """A client that asks more than the kernel can hold the answers of, and reads none."""
    async with DotClient(house.port) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        client.send(*[bytes(60_000)] * 100)
        async with asyncio.timeout(10):
            while not (house.counted(Count.LEFT_UNREAD) or any(_unsent_bytes(house))):
                await asyncio.sleep(0.01)  # until the kernel takes no more
        yield client


async def test_c13_who_does_not_read_its_answers_is_reset_when_its_place_is_needed(pair: Path) -> None:
    async with serving(pair, connections=1, write_timeout_s=60) as house, not_reading(house) as stuck:
        async with DotClient(house.port) as client:
            client.send(b"hello")
            assert await client.receive() == b"hello"
        assert house.counted(Count.EVICTED) == house.counted(Count.LEFT_UNREAD) == 1
        stuck.writer.transport.resume_reading()  # type: ignore[attr-defined]
        with pytest.raises(ConnectionResetError):
            await stuck.ended()


async def test_c13_memory_that_is_free_again_costs_nobody_else_a_connection(pair: Path) -> None:
    async with serving(pair, write_timeout_s=0, unsent_bytes=1) as house, DotClient(house.port) as client:
        async with not_reading(house), asyncio.timeout(10):
            while not house.counted(Count.LEFT_UNREAD):
                await asyncio.sleep(0.01)  # until its deadline is looked at, and then the memory
        client.send(b"hello")
        assert await client.receive() == b"hello"
        assert house.counted(Count.LEFT_UNREAD) == 1


async def test_c13_the_idle_ones_of_a_crowded_door_make_room_at_another(pair: Path) -> None:
    occupancy = Occupancy(2)
    async with (
        serving(pair, row=occupancy.row(0), connections=2, servers=2) as crowded,
        serving(pair, row=occupancy.row(1), connections=2, servers=2) as empty,
        DotClient(crowded.port) as first,
        DotClient(crowded.port) as second,
        DotClient(empty.port) as newcomer,
    ):
        newcomer.send(b"hello")
        assert await newcomer.receive() == b"hello"
        assert await first.ended() == b""
        second.send(b"hello")
        assert await second.receive() == b"hello"
        assert occupancy.connections == 2


async def test_stop_answers_what_is_unfinished_and_closes_orderly(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as client, DotClient(house.port) as idle:
        idle.send(b"hello")
        assert await idle.receive() == b"hello"
        client.send(b"slow")
        await house.answerer.somebody_waits.wait()
        stopping = asyncio.create_task(house.server.stop())
        assert await idle.ended() == b""
        async with DotClient(house.port) as newcomer:
            newcomer.send(b"hello")
            assert await newcomer.receive() == b"hello"
            assert await newcomer.ended() == b""
        house.answerer.release()
        assert await client.receive() == b"slow"
        assert await client.ended() == b""
        await stopping
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", house.port)


async def test_stop_takes_no_time_when_nobody_waits_for_anything(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as asked, DotClient(house.port) as silent:
        asked.send(b"hello")
        assert await asked.receive() == b"hello"
        begun_s = time.monotonic()
        await house.server.stop(grace_s=10)
        assert time.monotonic() - begun_s < 1
        assert await asked.ended() == b""
        assert await silent.ended() == b""


async def test_stop_does_not_wait_longer_than_its_grace(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as client:
        client.send(b"slow")
        await house.answerer.somebody_waits.wait()
        await house.server.stop(grace_s=0.05)
        assert await client.ended() == b""


async def test_stop_resets_who_does_not_read_its_answers(pair: Path) -> None:
    async with serving(pair, write_timeout_s=60) as house, not_reading(house) as stuck:
        await house.server.stop(grace_s=0.05)
        assert house.occupancy.connections == 0
        stuck.writer.transport.resume_reading()  # type: ignore[attr-defined]
        with pytest.raises(ConnectionResetError):
            await stuck.ended()


async def served_certificate(port: int) -> bytes:
    async with DotClient(port) as client:
        return certificate_of(client)


def certificate_of(client: DotClient) -> bytes:
    tls: ssl.SSLObject = client.writer.get_extra_info("ssl_object")
    certificate = tls.getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


async def test_a_new_certificate_is_served_without_dropping_a_connection(pair: Path, tmp_path: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as old:
        write_pair(tmp_path / "new.pem").replace(pair)
        house.refresh()
        assert await served_certificate(house.port) != certificate_of(old)
        old.send(b"still here")
        assert await old.receive() == b"still here"


async def test_a_bad_new_certificate_is_refused_with_a_reason(pair: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(pair) as house:
        before = await served_certificate(house.port)
        pair.write_text("not a certificate")
        house.refresh()
        assert "still serving the previous certificate; " in caplog.text
        assert await served_certificate(house.port) == before


async def test_a_session_is_resumed_after_the_certificate_changed(pair: Path, tmp_path: Path) -> None:
    async with serving(pair) as house:
        context = unverified_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        async with DotClient(house.port, context=context) as client:
            session = client.writer.get_extra_info("ssl_object").session
        write_pair(tmp_path / "new.pem").replace(pair)
        house.refresh()

        def resume() -> bool:
            with (
                socket.create_connection(("127.0.0.1", house.port)) as raw,
                context.wrap_socket(raw, session=session, server_hostname="dns.home.arpa") as tls,
            ):
                return bool(tls.session_reused)

        assert await asyncio.to_thread(resume)


async def test_an_address_that_is_not_allowed_is_closed_before_the_handshake_and_counted(
    pair: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(pair, allowed=False) as house:
        for _ in range(3):
            with pytest.raises(ConnectionError):
                await DotClient(house.port).__aenter__()
        assert house.counted(Count.REFUSED_NOT_ALLOWED) == 3
        assert house.counted(Count.ACCEPTED) == 0
    told = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert told == ["127.0.0.1 refused: it is not in dot.allow_from"]


async def test_a_connection_without_tls_counts_as_no_handshake(pair: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(pair, is_plain=True, first_byte_timeout_s=0.1) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        _, silent = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(b"\0\5hello")
        async with asyncio.timeout(10):
            assert await reader.readexactly(7) == b"\0\5hello"
            while not house.counted(Count.TIMED_OUT):
                await asyncio.sleep(0.01)  # until the silent one is ended
        for count in (Count.HANDSHAKES_FULL, Count.HANDSHAKES_RESUMED, Count.HANDSHAKES_FAILED):
            assert house.counted(count) == 0
        assert "failed" not in caplog.text
        writer.close()
        silent.close()


async def test_deadlines_hold_when_the_log_is_full(pair: Path, caplog: pytest.LogCaptureFixture) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        async with (
            serving(pair, write=lambda lines: os.write(full, lines.encode()), idle_timeout_s=0.1) as house,
            DotClient(house.port, own="127.0.0.9") as client,
        ):
            client.send(b"hello")
            assert await client.receive() == b"hello"
            assert await client.ended() == b""
    finally:
        os.close(full)
    assert caplog.text == ""


async def test_e11_keepalive_is_zero_while_draining(pair: Path) -> None:
    async with serving(pair) as house, DotClient(house.port) as client:
        client.send(b"slow")
        await house.answerer.somebody_waits.wait()
        stopping = asyncio.create_task(house.server.stop())
        await asyncio.sleep(0)
        assert house.server.idle_timeout_s() == 0
        house.answerer.release()
        await stopping


async def test_c14_who_left_most_unread_is_ended_when_memory_is_short_and_the_others_stay(pair: Path) -> None:
    async with (
        serving(pair, write_timeout_s=60, unsent_bytes=400_000, unsent_bytes_per_connection=10_000_000) as house,
        DotClient(house.port) as modest,
        DotClient(house.port) as greedy,
    ):
        greedy.writer.transport.pause_reading()  # type: ignore[attr-defined]
        greedy.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        greedy.send(*[b"slow" + bytes(60_000)] * 50)
        async with asyncio.timeout(10):
            while len(house.answerer.waiting) < 50:
                house.answerer.somebody_waits.clear()
                await house.answerer.somebody_waits.wait()
        house.answerer.release()
        async with asyncio.timeout(10):
            while house.occupancy.connections > 1:
                await asyncio.sleep(0.01)
        modest.send(b"still here")
        assert await modest.receive() == b"still here"
        assert house.counted(Count.LEFT_UNREAD) == 1


@pytest.mark.parametrize("octets", [b"", b"\x16\x03\x01"], ids=["at once", "in the middle"])
async def test_who_leaves_during_the_handshake_is_counted_as_that(pair: Path, octets: bytes) -> None:
    async with serving(pair) as house:
        _, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(octets)
        async with asyncio.timeout(10):
            while not house.occupancy.connections:
                await asyncio.sleep(0.01)  # until it is accepted
            writer.close()
            while house.occupancy.connections:
                await asyncio.sleep(0.01)  # until the server has noticed
        assert house.counted(Count.HANDSHAKES_LEFT) == 1
        assert house.counted(Count.HANDSHAKES_FAILED) == 0
        async with DotClient(house.port) as client:
            client.send(b"hello")
            assert await client.receive() == b"hello"
    assert house.counted(Count.HANDSHAKES_LEFT) == 1


async def test_one_address_may_be_answered_by_another_while_its_connection_is_open(pair: Path) -> None:
    apart = EchoAnswerer()
    async with serving(pair) as house, DotClient(house.port) as client:
        for exceptions, seen in (({}, house.answerer), ({"127.0.0.1": apart}, apart), ({"::1": apart}, house.answerer)):
            house.server.except_for(exceptions)
            for queries in ([b"one"], [b"two", b"three"], [b"slow"]):
                seen.seen.clear()
                client.send(*queries)
                if queries == [b"slow"]:
                    await seen.somebody_waits.wait()
                    seen.somebody_waits.clear()
                    seen.release()
                assert [await client.receive() for _ in queries] == queries
                assert seen.seen == queries
        house.server.except_for({"127.0.0.1": apart})
        async with DotClient(house.port) as other:
            other.send(b"new")
            assert await other.receive() == b"new"
        assert apart.seen[-1] == b"new"
