"""Python's default client as it is from 3.13 on, whichever version runs the tests; pipelining and order."""

import ssl
import time

import dns.edns
import dns.message
import dns.rcode
import pytest

from tests.fakes.dot_client import DotClient

from .conftest import Box, strict_context

pytestmark = [pytest.mark.server, pytest.mark.anyio]


def query(name: str, kind: str = "A") -> bytes:
    return dns.message.make_query(name, kind, use_edns=0).to_wire()


@pytest.mark.parametrize("by_address", [False, True])
async def test_the_default_context_verifies_name_and_address(box: Box, *, by_address: bool) -> None:
    name = "127.0.0.1" if by_address else box.hostname
    async with DotClient(box.port, context=strict_context(box.root), name=name) as client:
        client.send(query("signed.test"))
        assert dns.message.from_wire(await client.receive()).rcode() == dns.rcode.NOERROR


async def test_the_default_context_refuses_a_wrong_name(box: Box) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await DotClient(box.port, context=strict_context(box.root), name="other.home.arpa").__aenter__()


async def test_c7_fifty_cached_names_are_not_held_up_by_a_slow_one(own_authority: Box) -> None:
    async with DotClient(own_authority.port) as client:
        client.send(query("signed.test"))
        await client.receive()
        begun_s = time.monotonic()
        slow = query(f"d2000-{time.time_ns()}.slow.test")
        client.send(slow, *[query("signed.test") for _ in range(50)])
        first = [await client.receive() for _ in range(50)]
        fast_s = time.monotonic() - begun_s
        last = await client.receive()
        slow_s = time.monotonic() - begun_s
    assert last[:2] == slow[:2]
    assert slow[:2] not in [answer[:2] for answer in first]
    assert fast_s < 1.0 < slow_s


async def test_c6_a_hundred_different_questions_in_one_write_are_all_answered(own_authority: Box) -> None:
    questions = [query(f"n{number}.wild.signed.test") for number in range(100)]
    async with DotClient(own_authority.port) as client:
        client.send(*questions)
        answers = [dns.message.from_wire(await client.receive()) for _ in questions]
    assert all(answer.rcode() == dns.rcode.NOERROR for answer in answers)
    assert {str(answer.question[0].name) for answer in answers} == {f"n{n}.wild.signed.test." for n in range(100)}


@pytest.mark.parametrize("garbage", [b"x" * 1, b"x" * 1024, b"x" * 65533])
async def test_c16_a_good_question_after_garbage_is_answered(own_authority: Box, garbage: bytes) -> None:
    async with DotClient(own_authority.port) as client:
        good = query("signed.test")
        client.send(garbage, good)
        answer = await client.receive()
        while answer[:2] != good[:2]:
            answer = await client.receive()
        assert dns.message.from_wire(answer).rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize("length", [0, 1, 11])
async def test_c15_what_is_shorter_than_a_header_gets_nothing_and_the_next_question_its_answer(
    own_authority: Box, length: int
) -> None:
    async with DotClient(own_authority.port) as client:
        good = query("signed.test")
        client.send(bytes(length), good)
        assert (await client.receive())[:2] == good[:2]


@pytest.mark.parametrize("length", [12, 65535])
async def test_c15_messages_of_the_shortest_and_the_greatest_length_are_answered(
    own_authority: Box, length: int
) -> None:
    async with DotClient(own_authority.port) as client:
        client.send((b"\x12\x34" + bytes(10)).ljust(length, b"\0"))
        answer = dns.message.from_wire(await client.receive())
        assert (answer.id, answer.rcode()) == (0x1234, dns.rcode.FORMERR)


async def test_e13_a_keepalive_for_one_connection_is_for_no_other(own_authority: Box) -> None:
    keepalive = dns.edns.GenericOption(dns.edns.OptionType.KEEPALIVE, b"")
    asking = dns.message.make_query("signed.test", "A", use_edns=0, options=[keepalive]).to_wire()
    plain = dns.message.make_query("signed.test", "A", use_edns=0).to_wire()
    async with DotClient(own_authority.port) as first, DotClient(own_authority.port) as second:
        for client, message, options in ((first, asking, 1), (second, plain, 0), (first, plain, 0)):
            client.send(message)
            assert len(dns.message.from_wire(await client.receive()).options) == options
