import asyncio
from itertools import pairwise

import dns.flags
import dns.message
import dns.rrset
import pytest

from app.answer.upstream import Upstream
from tests.fakes.upstream import address_of, serving

pytestmark = pytest.mark.anyio


def query(name: str = "a.example.") -> bytes:
    return dns.message.make_query(name, "A", use_edns=0, payload=65535).to_wire()


async def ask(upstream: Upstream, message: bytes) -> bytes | None:
    answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
    upstream.ask(message, "client", answer.set_result)
    async with asyncio.timeout(15):
        return await answer


async def test_each_question_gets_its_own_answer() -> None:
    async with serving(address_of) as fake:
        upstream = Upstream(fake.port, 4096)
        names = [f"n{number}.example." for number in range(200)]
        answers = await asyncio.gather(*(ask(upstream, query(name)) for name in names))
        upstream.close()
    assert [str(dns.message.from_wire(answer or b"").question[0].name) for answer in answers] == names


def cut(message: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(message)
    response.flags |= dns.flags.TC
    return response


async def test_e6_asks_over_tcp_what_does_not_fit_a_datagram() -> None:
    def whole(message: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(message)
        texts = [f'"{number} {"x" * 200}"' for number in range(100)]
        response.answer.append(dns.rrset.from_text("a.example.", 60, "IN", "TXT", *texts))
        return response

    async with serving(cut, whole) as fake:
        upstream = Upstream(fake.port, 4096)
        answer = await ask(upstream, query())
        upstream.close()
        async with asyncio.timeout(10):
            while upstream._streams:
                await asyncio.sleep(0)  # until nothing is kept of its connection
    assert answer is not None
    assert len(answer) > 20_000


async def test_what_is_asked_over_tcp_is_not_repeated_over_udp() -> None:
    async with serving(cut, lambda _: None) as fake:
        upstream = Upstream(fake.port, 4096, repeat_s=0.01, timeout_s=0.8)
        assert await ask(upstream, query()) is None
        upstream.close()
    assert len(fake.seen) == 1


async def test_nothing_is_left_of_what_was_closed() -> None:
    async with serving(cut, lambda _: None) as fake:
        upstream = Upstream(fake.port, 4096)
        answers: list[bytes | None] = []
        upstream.ask(query(), "client", answers.append)
        async with asyncio.timeout(10):
            await fake.asked_over_tcp.wait()
        (task,) = upstream._streams
        upstream.close()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert answers == [None]
    assert upstream._waiting == {}
    assert upstream._sweep is not None
    assert upstream._sweep.cancelled()
    assert upstream._socket.fileno() == -1


async def test_over_tcp_too_another_answer_is_not_believed() -> None:
    def another(message: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(message)
        response.id ^= 1
        return response

    async with serving(cut, another) as fake:
        upstream = Upstream(fake.port, 4096)
        assert await ask(upstream, query()) is None
        upstream.close()


async def test_nothing_is_kept_of_a_client_that_has_its_answers() -> None:
    async with serving(address_of) as fake:
        upstream = Upstream(fake.port, 4096)
        assert not upstream._socket.getblocking()
        first, second = (asyncio.create_task(ask(upstream, query(name))) for name in ("a.", "b."))
        await asyncio.sleep(0)
        assert upstream._by_client == {"client": 2}
        assert None not in await asyncio.gather(first, second)
        assert (upstream._by_client, upstream._waiting) == ({}, {})
        upstream.close()


async def test_a_question_is_repeated_after_its_time_and_not_at_each_look_at_the_clock() -> None:
    async with serving(lambda _: None) as fake:
        upstream = Upstream(fake.port, 4096, repeat_s=0.6, timeout_s=1.4)
        assert await ask(upstream, query()) is None
        upstream.close()
    assert len(fake.seen) in (2, 3)


async def test_repeats_what_was_lost() -> None:
    lost = iter([True])

    def first_time_deaf(message: dns.message.Message) -> dns.message.Message | None:
        return None if next(lost, False) else address_of(message)

    async with serving(first_time_deaf) as fake:
        upstream = Upstream(fake.port, 4096)
        assert upstream._repeat_s == 1  # a client waits for five
        assert await ask(upstream, query()) is not None
        upstream.close()
    assert len(fake.seen) == 2


async def test_an_upstream_that_starts_late_is_found() -> None:
    async with serving(address_of) as fake:
        port = fake.port
    upstream = Upstream(port, 4096, repeat_s=60)  # nobody listens any more, which is noticed at once
    answer = asyncio.create_task(ask(upstream, query()))
    await asyncio.sleep(0.3)  # long enough to be refused twice
    async with serving(address_of, port=port):
        assert await answer is not None
    upstream.close()


async def test_silence_ends_at_the_deadline() -> None:
    async with serving(lambda _: None) as fake:
        upstream = Upstream(fake.port, 4096)
        assert upstream._timeout_s == 8  # longer than a client waits, so that its next try finds the answer
        upstream.close()
        upstream = Upstream(fake.port, 4096, timeout_s=0.2)
        assert await ask(upstream, query()) is None
        upstream.close()


async def test_a_question_that_comes_back_is_no_answer() -> None:
    async with serving(lambda message: message) as fake:
        upstream = Upstream(fake.port, 4096, timeout_s=0.2)
        assert await ask(upstream, query()) is None
        upstream.close()


async def test_an_answer_to_another_question_is_not_believed() -> None:

    def liar(message: dns.message.Message) -> dns.message.Message:
        other = dns.message.make_query("b.example.", "A")
        other.id = message.id
        return address_of(other)

    async with serving(liar) as fake:
        upstream = Upstream(fake.port, 4096, timeout_s=0.2)
        assert await ask(upstream, query()) is None
        upstream.close()


async def test_c13_too_much_unfinished_is_refused_at_once() -> None:
    async with serving(lambda _: None) as fake:
        upstream = Upstream(fake.port, 2)
        answers: list[bytes | None] = []
        for number in range(3):
            upstream.ask(query(), f"client {number}", answers.append)
        assert answers == [None]
        upstream.close()
        assert answers == [None, None, None]


async def test_c13_every_client_may_have_one() -> None:
    async with serving(lambda _: None) as fake:
        upstream = Upstream(fake.port, 3)
        answers: list[bytes | None] = []
        for _ in range(2):
            upstream.ask(query(), "client", answers.append)
        assert answers == [None]
        upstream.close()


async def test_c13_one_client_cannot_take_what_the_others_need() -> None:
    async with serving(lambda _: None) as fake:
        upstream = Upstream(fake.port, 8)
        answers: list[bytes | None] = []
        for _ in range(8):
            upstream.ask(query(), "greedy", answers.append)
        assert len(answers) == 6
        upstream.ask(query(), "modest", answers.append)
        assert len(answers) == 6
        upstream.close()


async def test_c13_a_clients_share_is_a_part_of_what_the_engine_holds_but_for_an_address_with_many_behind_it() -> None:
    async with serving(lambda _: None) as fake:
        upstream = Upstream(fake.port, 4096, at_once=8, unshared=frozenset(["gateway"]))
        answers: list[bytes | None] = []
        for _ in range(3):
            upstream.ask(query(), "greedy", answers.append)
        assert answers == [None]
        for _ in range(10):
            upstream.ask(query(), "gateway", answers.append)
        assert answers == [None]
        upstream.close()


async def test_ids_cannot_be_foretold() -> None:
    async with serving(address_of) as fake:
        upstream = Upstream(fake.port, 4096)
        for _ in range(100):
            await ask(upstream, query())
        upstream.close()
    ids = [message.id for message in fake.seen]
    steps = {(second - first) % 65536 for first, second in pairwise(ids)}
    assert len(steps) > 90


async def test_no_two_unfinished_questions_have_the_same_id() -> None:
    async with serving(lambda _: None) as fake:
        upstream = Upstream(fake.port, 60_000)
        answers: list[bytes | None] = []
        for number in range(15_000):
            upstream.ask(query(), f"client {number % 8}", answers.append)
        assert answers == []
        upstream.close()
        assert answers == [None] * 15_000
