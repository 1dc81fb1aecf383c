"""With a real socket to what stands for unbound, and real forwarders, over UDP and TLS."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack
from ipaddress import ip_address
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from app.answer import diagnosis, edns, wire
from app.answer.contract import Failure
from app.answer.diagnosis import Diagnosis
from app.answer.records import LocalResponse
from app.answer.upstream import Upstream
from app.config.forwarding import Forwarder
from tests.fakes.pki import Authority
from tests.fakes.ruleset import ruleset
from tests.fakes.upstream import Handler, serving

pytestmark = pytest.mark.anyio

BOGUS, NSEC_MISSING = 6, 12
NONE = wire.Opt(1232, 0, b"")


def opt(code: int) -> wire.Opt:
    return wire.Opt(1232, 0, edns.extended_error(code))


def says(rcode: int) -> Handler:
    def handler(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.Rcode(rcode))
        return response

    return handler


def leads(targets: dict[str, str]) -> Handler:
    def handler(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        name = query.question[0].name.to_text()
        if name in targets:
            response.answer.append(dns.rrset.from_text(name, 300, "IN", "CNAME", targets[name]))
        return response

    return handler


def failure(
    kind: str = "A", reason: wire.Opt = NONE, *forwarders: Forwarder, zone: str = "", flags: int = 0
) -> Failure:
    query = dns.message.make_query("www.example.", kind)
    query.flags |= dns.flags.Flag(flags)
    rules = ruleset(forwarders={zone: forwarders} if forwarders else {})
    return Failure(rules, "www.example", wire.read_query(query.to_wire()), "192.168.1.23", reason)


async def explained(
    unbound: Handler,
    found: Failure,
    ca_bundle: Path = Path("/none"),
    note_bogus: Callable[[], object] = lambda: None,
) -> LocalResponse | None:
    async with serving(unbound) as fake:
        upstream = Upstream(fake.port, 16)
        try:
            return await Diagnosis(upstream, ca_bundle, note_bogus).explanation(found)
        finally:
            upstream.close()


FORWARDER = Forwarder(ip_address("127.0.0.1"), 1)


@pytest.mark.parametrize("code", [BOGUS, NSEC_MISSING])
async def test_a_denial_that_was_not_believed_is_a_filters(code: int) -> None:
    seen: list[dns.message.Message] = []

    def unbound(query: dns.message.Message) -> dns.message.Message:
        seen.append(query)
        return says(3)(query)  # type: ignore[return-value]

    found = await explained(unbound, failure("A", opt(code), FORWARDER))
    assert found is not None
    assert (found.rcode, edns.text_of(found.errors)) == (3, "filtered by 127.0.0.1 (resolver.forward)")
    assert seen[0].flags & dns.flags.CD
    assert seen[0].ednsflags & dns.flags.DO


@pytest.mark.parametrize(
    "found",
    [
        failure("A", opt(BOGUS)),  # recursing
        failure("A", opt(BOGUS), FORWARDER, zone="example"),  # over a route
        failure("TLSA", opt(BOGUS), FORWARDER),
        failure("DS", opt(BOGUS), FORWARDER),
    ],
)
async def test_elsewhere_a_denial_is_not_taken_on_trust(found: Failure) -> None:
    assert await explained(says(3), found) is None


@pytest.mark.parametrize(
    ("unbound", "found", "notes"),
    [
        (says(0), failure("A", opt(BOGUS), FORWARDER), 1),
        (says(0), failure("A", opt(BOGUS)), 1),  # recursing
        (says(3), failure("A", opt(BOGUS), FORWARDER), 0),  # a filter's
        (says(0), failure("A", opt(edns.EDE_NO_REACHABLE_AUTHORITY), FORWARDER), 0),
    ],
)
async def test_what_is_bogus_is_noted_unless_a_filter_said_it(unbound: Handler, found: Failure, notes: int) -> None:
    noted: list[None] = []
    await explained(unbound, found, note_bogus=lambda: noted.append(None))
    assert len(noted) == notes


async def test_of_an_empty_answer_that_of_a_tells_more() -> None:
    def nobody(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        if query.question[0].rdtype == dns.rdatatype.A:
            response.answer.append(dns.rrset.from_text("www.example.", 300, "IN", "A", "0.0.0.0"))
        return response

    found = await explained(nobody, failure("HTTPS", opt(BOGUS), FORWARDER))
    assert found is not None
    assert found.rcode == 0
    assert await explained(says(0), failure("HTTPS", opt(BOGUS), FORWARDER)) is None


async def test_along_aliases_nobody_is_asked_who_failed_before() -> None:
    seen: list[dns.message.Message] = []

    def unbound(query: dns.message.Message) -> dns.message.Message | None:
        seen.append(query)
        return CIRCLE(query)

    assert await explained(unbound, failure("A", NONE, FORWARDER)) is not None
    assert [bool(each.flags & dns.flags.RD) for each in seen] == [False]


async def test_recursing_aliases_are_asked_for_unless_unbound_says_why_it_failed() -> None:
    seen: list[dns.message.Message] = []

    def unbound(query: dns.message.Message) -> dns.message.Message | None:
        seen.append(query)
        return CIRCLE(query)

    assert await explained(unbound, failure("A", opt(edns.EDE_NO_REACHABLE_AUTHORITY))) is None
    assert seen == []
    assert await explained(unbound, failure()) is not None
    assert [bool(each.flags & dns.flags.RD) for each in seen] == [True]


@pytest.mark.parametrize(
    ("targets", "text"),
    [
        ({"www.example.": "www.example."}, "the aliases lead in a circle"),
        ({"www.example.": "a.example.", "a.example.": "b.example.", "b.example.": "a.example."},
         "the aliases lead in a circle"),
        ({"www.example.": "0.example.", **{f"{n}.example.": f"{n + 1}.example." for n in range(40)}},
         "more than 11 aliases in a row"),
        ({"www.example.": "0.example.", **{f"{n}.example.": f"{n + 1}.example." for n in range(10)}}, None),
        ({}, None),
    ],
)  # fmt: skip
async def test_aliases_are_followed_to_where_they_lead(targets: dict[str, str], text: str | None) -> None:
    found = await explained(leads(targets), failure())
    assert (found and edns.text_of(found.errors)) == text
    assert found is None or found.rcode == wire.Rcode.SERVFAIL


async def test_but_only_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "_ALIASES_TIMEOUT_S", 0.05)
    assert await explained(lambda _: None, failure()) is None


@pytest.mark.parametrize(("rcodes", "is_refused"), [
    ([4], True), ([5], True), ([1], True), ([2], False), ([3], False), ([0], False), ([2, 5], True), ([0, 5], False),
])  # fmt: skip
@pytest.mark.parametrize("zone", ["", "example"])
async def test_a_type_that_forwarders_refuse_is_one_that_the_name_does_not_have(
    rcodes: list[int], *, is_refused: bool, zone: str
) -> None:
    async with AsyncExitStack() as stack:
        fakes = [await stack.enter_async_context(serving(says(rcode))) for rcode in rcodes]
        forwarders = [Forwarder(ip_address("127.0.0.1"), fake.port) for fake in fakes]
        found = await explained(says(2), failure("HTTPS", NONE, *forwarders, zone=zone))
        assert all(str(fake.seen[0].question[0]) == "www.example. IN HTTPS" for fake in fakes)
    assert (found is not None) is is_refused
    assert found is None or (found.rcode, len(found.authority)) == (0, 1)


async def test_a_forwarder_that_says_nothing_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "_TIMEOUT_S", 0.05)
    async with serving(lambda _: None) as fake:
        forwarder = Forwarder(ip_address("127.0.0.1"), fake.port)
        assert await explained(says(2), failure("HTTPS", NONE, forwarder)) is None


@pytest.mark.parametrize("kind", ["A", "TXT"])
async def test_other_types_are_not_asked_of_forwarders(kind: str) -> None:
    async with serving(says(5)) as fake:
        assert await explained(says(2), failure(kind, NONE, Forwarder(ip_address("127.0.0.1"), fake.port))) is None
        assert fake.seen == []


@pytest.mark.parametrize(("name", "is_refused"), [("dns.example.org", True), ("other.example.org", False)])
async def test_over_tls_only_who_proves_its_name_is_asked(tmp_path: Path, name: str, *, is_refused: bool) -> None:
    authority = Authority()
    leaf = authority.intermediate.sign("dns.example.org", names=["dns.example.org"], addresses=["127.0.0.1"])
    chain, key, root = (tmp_path / each for each in ("chain.pem", "key.pem", "root.pem"))
    chain.write_bytes(leaf.pem + authority.intermediate.pem)
    key.write_bytes(leaf.key_pem)
    root.write_bytes(authority.root.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        octets = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        answer = octets[:2] + b"\x81\x85" + octets[4:]
        writer.write(len(answer).to_bytes(2, "big") + answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        forwarder = Forwarder(ip_address("127.0.0.1"), port, name)
        found = await explained(says(2), failure("HTTPS", NONE, forwarder), root)
    assert (found is not None) is is_refused


async def looked(unbound: Handler, found: Failure, times: int = 1) -> list[LocalResponse | None]:
    results: asyncio.Queue[LocalResponse | None] = asyncio.Queue()
    async with serving(unbound) as fake:
        upstream = Upstream(fake.port, 64)
        look: Callable[..., None] = Diagnosis(upstream, Path("/none")).look
        for _ in range(times):
            look(found, results.put_nowait)
        done = [await results.get() for _ in range(times)]
        upstream.close()
    return done


CIRCLE = leads({"www.example.": "www.example."})


async def test_who_does_not_want_answers_checked_gets_them_as_they_are() -> None:
    assert (await looked(CIRCLE, failure()))[0] is not None
    assert await looked(CIRCLE, failure(flags=dns.flags.CD)) == [None]


async def test_few_failures_are_looked_into_at_once() -> None:
    assert sum(found is not None for found in await looked(CIRCLE, failure(), times=40)) == 16
