"""A question of our own, and what upstream says to it."""

import asyncio

import dns.flags
import dns.message
import pytest

from app.answer import asking, edns, wire
from app.answer.contract import Reply
from app.answer.upstream import Upstream
from app.errors import UpstreamError
from tests.fakes.upstream import address_of, serving

pytestmark = pytest.mark.anyio


async def test_a_question_is_well_formed_and_asks_for_signatures() -> None:
    async with serving(address_of) as unbound:
        upstream = Upstream(unbound.port, 4)
        found = await asking.ask(upstream, "www.example", wire.TYPE_A, "somebody", wire.RD | wire.CD)
        upstream.close()
    assert (found.rcode, found.answers) == (wire.Rcode.NOERROR, 1)
    (seen,) = unbound.seen
    assert str(seen.question[0]) == "www.example. IN A"
    assert (seen.flags & (dns.flags.RD | dns.flags.CD), seen.ednsflags) == (dns.flags.RD | dns.flags.CD, dns.flags.DO)


async def test_one_without_an_opt_says_so_in_its_header() -> None:
    bare = asking.question("example", wire.TYPE_NS, wire.RD, opts=0)
    assert dns.message.from_wire(bare).edns == -1
    assert dns.message.from_wire(asking.question("example", 2, 0) + edns.QUERY_OPT[True]).edns == 0


async def test_silence_is_an_error_and_so_is_what_is_no_answer() -> None:
    async with serving(lambda _: None) as unbound:
        upstream = Upstream(unbound.port, 4)
        asked = asyncio.create_task(asking.ask(upstream, "www.example", wire.TYPE_A, "somebody"))
        await unbound.asked.wait()
        upstream.close()
        with pytest.raises(TimeoutError):
            await asked

    class Broken:
        def ask(self, query: bytes, client: str, reply: Reply) -> None:
            reply(query)

    with pytest.raises(UpstreamError):
        await asking.ask(Broken(), "www.example", wire.TYPE_A, "somebody")
