import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from app.dot.admission import Limits
from app.dot.server import Server, listening_sockets
from app.errors import OperatorError
from tests.fakes.answerer import EchoAnswerer
from tests.fakes.dot_client import DotClient, unverified_context
from tests.fakes.pair import write_pair

pytestmark = pytest.mark.anyio


async def start(pair: Path, limits: Limits | None = None) -> tuple[Server, int, EchoAnswerer]:
    answerer = EchoAnswerer()
    server = Server(0, pair, answerer, limits)
    return server, await server.start(), answerer


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_listens_on_ipv4_and_ipv6(pair: Path, host: str) -> None:
    server, port, _ = await start(pair)
    async with DotClient(port, host) as client:
        client.send(b"hello")
        assert await client.receive() == b"hello"
    await server.stop(0)


async def test_c1_names_the_setting_when_the_port_is_taken() -> None:
    with socket.create_server(("", 0)) as taken, pytest.raises(OperatorError, match=r"dot\.port: \d+ is taken"):
        listening_sockets(taken.getsockname()[1])


async def test_c2_never_answers_plain_dns(pair: Path) -> None:
    server, port, answerer = await start(pair)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\0\x1d" + bytes(29))
    async with asyncio.timeout(10):
        assert (await reader.read())[:1] == b"\x15"  # an alert, then the end
    writer.close()
    assert answerer.seen == []
    await server.stop(0)


async def test_a_flood_of_idle_connections_does_not_lock_a_newcomer_out(pair: Path) -> None:
    server, port, _ = await start(pair, Limits(connections=4))
    crowd = [DotClient(port) for _ in range(6)]
    for client in crowd:
        await client.__aenter__()
    async with DotClient(port) as client:
        client.send(b"hello")
        assert await client.receive() == b"hello"
    assert await crowd[0].ended() == b""
    for left in crowd:
        left.writer.transport.abort()
    await server.stop(0)


async def test_refuses_when_all_places_are_taken_by_clients_that_wait(pair: Path) -> None:
    server, port, answerer = await start(pair, Limits(connections=1))
    async with DotClient(port) as client:
        client.send(b"slow")
        await answerer.somebody_waits.wait()
        with pytest.raises(ConnectionError):
            await DotClient(port).__aenter__()
        answerer.release()
        assert await client.receive() == b"slow"
    await server.stop(0)


async def test_stop_answers_what_is_unfinished_and_closes_orderly(pair: Path) -> None:
    server, port, answerer = await start(pair)
    async with DotClient(port) as client, DotClient(port) as idle:
        idle.send(b"hello")
        assert await idle.receive() == b"hello"
        client.send(b"slow")
        await answerer.somebody_waits.wait()
        stopping = asyncio.create_task(server.stop())
        assert await idle.ended() == b""
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", port)
        answerer.release()
        assert await client.receive() == b"slow"
        assert await client.ended() == b""
        await stopping


async def test_stop_does_not_wait_longer_than_its_grace(pair: Path) -> None:
    server, port, answerer = await start(pair)
    async with DotClient(port) as client:
        client.send(b"slow")
        await answerer.somebody_waits.wait()
        await server.stop(grace_s=0.05)
        assert await client.ended() == b""


async def served_certificate(port: int) -> bytes:
    async with DotClient(port) as client:
        return certificate_of(client)


def certificate_of(client: DotClient) -> bytes:
    tls: ssl.SSLObject = client.writer.get_extra_info("ssl_object")
    certificate = tls.getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


async def test_a_new_certificate_is_served_without_dropping_a_connection(pair: Path, tmp_path: Path) -> None:
    server, port, _ = await start(pair)
    async with DotClient(port) as old:
        write_pair(tmp_path / "new.pem").replace(pair)
        server.reload()
        assert await served_certificate(port) != certificate_of(old)
        old.send(b"still here")
        assert await old.receive() == b"still here"
    await server.stop(0)


async def test_a_bad_new_certificate_is_refused_with_a_reason(pair: Path, caplog: pytest.LogCaptureFixture) -> None:
    server, port, _ = await start(pair)
    before = await served_certificate(port)
    pair.write_text("not a certificate")
    server.reload()
    assert "refused" in caplog.text
    assert await served_certificate(port) == before
    await server.stop(0)


async def test_a_session_is_resumed_after_the_certificate_changed(pair: Path, tmp_path: Path) -> None:
    server, port, _ = await start(pair)
    context = unverified_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with DotClient(port, context=context) as client:
        session = client.writer.get_extra_info("ssl_object").session
    write_pair(tmp_path / "new.pem").replace(pair)
    server.reload()

    def resume() -> bool:
        with (
            socket.create_connection(("127.0.0.1", port)) as raw,
            context.wrap_socket(raw, session=session, server_hostname="dns.home.arpa") as tls,
        ):
            return bool(tls.session_reused)

    assert await asyncio.to_thread(resume)
    await server.stop(0)
