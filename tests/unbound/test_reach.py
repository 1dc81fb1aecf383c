"""What a network lets through decides how to resolve: against a real root server, and against networks that lie."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import dns.asyncquery
import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm, DSDigest

from app.config import forwarding
from app.errors import OperatorError
from app.unbound import reach
from app.unbound.reach import Choice
from tests.internet import DEAD, ROOT, Internet
from tests.internet.liar import (
    Mangle,
    about_something_else,
    lying,
    nothing_found,
    truncated,
    with_a_key_of_its_own,
    with_another_key_added,
    without_aa,
    without_signature,
)

LIAR, UNUSED = 101, 102
RECURSIVE = Choice("recursive", reach.ROOT_ANSWERED)
REWRITTEN = Choice("forward", reach.REWRITTEN)
BLOCKED = Choice("forward", "port 53 is blocked on this network")


def hints(folder: Path, internet: Internet, *hosts: int) -> Path:
    path = folder / "root.hints"
    path.write_text("".join(f". 60 NS n{host}.\nn{host}. 60 A {internet.address(host)}\n" for host in hosts))
    return path


async def choose_behind(
    folder: Path, internet: Internet, mangle: Mangle, forwarders: Sequence[str] | None = None
) -> Choice:
    async with lying(internet, LIAR, mangle):
        return await choose(folder, internet, LIAR, forwarders=forwarders)


async def choose(
    folder: Path,
    internet: Internet,
    *hosts: int,
    forwarders: Sequence[str] | None = None,
    trust_anchor: Path | None = None,
    timeout_s: float = 0.5,
) -> Choice:
    specs = [internet.forwarder_tls] if forwarders is None else forwarders
    return await reach.choose(
        hints(folder, internet, *hosts),
        trust_anchor or internet.trust_anchor,
        [forwarding.forwarder(spec) for spec in specs],
        internet.ca_bundle,
        timeout_s,
    )


@pytest.mark.server
def test_recurses_where_a_root_server_answers(tmp_path: Path, internet: Internet) -> None:
    assert asyncio.run(choose(tmp_path, internet, ROOT, forwarders=[])) == RECURSIVE


@pytest.mark.server
@pytest.mark.parametrize(
    "mangle",
    [
        without_aa,
        without_signature,
        nothing_found,
        about_something_else,
        with_a_key_of_its_own,
        with_another_key_added,
    ],
)
def test_forwards_where_the_answer_is_not_the_roots_own(tmp_path: Path, internet: Internet, mangle: Mangle) -> None:
    assert asyncio.run(choose_behind(tmp_path, internet, mangle)) == REWRITTEN


@pytest.mark.server
def test_an_answer_that_was_only_passed_on_is_the_roots_own(tmp_path: Path, internet: Internet) -> None:
    assert asyncio.run(choose_behind(tmp_path, internet, lambda truth: truth)) == RECURSIVE


@pytest.mark.server
def test_forwards_where_the_key_is_not_the_trust_anchors(tmp_path: Path, internet: Internet) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    public = dns.dnssec.make_dnskey(key.public_key(), Algorithm.ECDSAP256SHA256, flags=257)
    anchor = tmp_path / "root.key"
    anchor.write_text(f". IN DS {dns.dnssec.make_ds('.', public, DSDigest.SHA256).to_text()}\n")

    assert asyncio.run(choose(tmp_path, internet, ROOT, trust_anchor=anchor)) == REWRITTEN


@pytest.mark.server
def test_a_trust_anchor_may_be_a_key(tmp_path: Path, internet: Internet) -> None:
    async def choose_by_key() -> Choice:
        query = dns.message.make_query(".", "DNSKEY")
        [keys] = (await dns.asyncquery.tcp(query, internet.address(ROOT), timeout=5)).answer
        anchor = tmp_path / "root.key"
        anchor.write_text(f". IN DNSKEY {keys[0].to_text()} ; a comment\n")
        return await choose(tmp_path, internet, ROOT, trust_anchor=anchor)

    assert asyncio.run(choose_by_key()) == RECURSIVE


@pytest.mark.server
@pytest.mark.parametrize("now", [0.0, 2**31 + 0.5])
def test_a_wrong_clock_does_not_make_an_answer_false(
    tmp_path: Path, internet: Internet, monkeypatch: pytest.MonkeyPatch, now: float
) -> None:
    monkeypatch.setattr("time.time", lambda: now)

    assert asyncio.run(choose(tmp_path, internet, ROOT)) == RECURSIVE


@pytest.mark.server
def test_forwards_where_nobody_answers(tmp_path: Path, internet: Internet) -> None:
    start = time.monotonic()

    assert asyncio.run(choose(tmp_path, internet, DEAD, DEAD, DEAD, timeout_s=0.3)) == BLOCKED
    assert 0.3 <= time.monotonic() - start < 1.0  # asked side by side


@pytest.mark.server
def test_one_genuine_answer_among_lies_and_silence_is_enough_and_not_waited_past(
    tmp_path: Path, internet: Internet
) -> None:
    async def choose_among() -> Choice:
        async with lying(internet, LIAR, without_aa):
            return await choose(tmp_path, internet, LIAR, DEAD, ROOT, timeout_s=30)

    start = time.monotonic()

    assert asyncio.run(choose_among()) == RECURSIVE
    assert time.monotonic() - start < 10


@pytest.mark.server
def test_a_lie_beside_silence_is_called_a_lie(tmp_path: Path, internet: Internet) -> None:
    async def choose_among() -> Choice:
        async with lying(internet, LIAR, without_aa):
            return await choose(tmp_path, internet, LIAR, DEAD)

    assert asyncio.run(choose_among()) == REWRITTEN


@pytest.mark.server
def test_a_truncated_answer_is_asked_for_again_over_tcp(tmp_path: Path, internet: Internet) -> None:
    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream = await asyncio.open_connection(internet.address(ROOT), 53)
        length = await reader.readexactly(2)
        upstream.write(length + await reader.readexactly(int.from_bytes(length, "big")))
        length = await upstream_reader.readexactly(2)
        writer.write(length + await upstream_reader.readexactly(int.from_bytes(length, "big")))
        for stream in (writer, upstream):
            await stream.drain()
            stream.close()
            await stream.wait_closed()

    async def choose_behind_udp_limit() -> Choice:
        async with (
            await asyncio.start_server(pass_on, internet.address(LIAR), 53),
            lying(internet, LIAR, truncated),
        ):
            return await choose(tmp_path, internet, LIAR, timeout_s=5)

    assert asyncio.run(choose_behind_udp_limit()) == RECURSIVE


@pytest.mark.server
def test_a_truncated_answer_without_tcp_is_silence(tmp_path: Path, internet: Internet) -> None:
    assert asyncio.run(choose_behind(tmp_path, internet, truncated)) == BLOCKED


@pytest.mark.server
def test_recurses_and_says_so_where_there_is_no_network_yet(tmp_path: Path, internet: Internet) -> None:
    unreachable = [f"tls://{internet.address(UNUSED)}#forward.test"]

    assert asyncio.run(choose(tmp_path, internet, DEAD, forwarders=unreachable)) == Choice(
        "recursive", "no network yet", settled=False
    )


@pytest.mark.server
def test_says_so_where_port_53_is_rewritten_and_no_forwarder_is_there(tmp_path: Path, internet: Internet) -> None:
    choice = asyncio.run(choose_behind(tmp_path, internet, without_aa, forwarders=[]))

    assert choice.mode == "recursive"
    assert choice.reason.startswith("port 53 is rewritten")
    assert not choice.settled


@pytest.mark.server
def test_one_reachable_forwarder_is_enough(tmp_path: Path, internet: Internet) -> None:
    forwarders = [f"tls://{internet.address(UNUSED)}#forward.test", internet.forwarder_tls]

    assert asyncio.run(choose(tmp_path, internet, DEAD, forwarders=forwarders)) == BLOCKED


@pytest.mark.server
@pytest.mark.parametrize("impostor", ["tls://{}@5301#other.test", "{}@5300"])
def test_a_forwarder_that_does_not_prove_its_name_is_not_believed(
    tmp_path: Path, internet: Internet, impostor: str
) -> None:
    address = internet.forwarder_plain.partition("@")[0]
    choice = asyncio.run(choose(tmp_path, internet, DEAD, forwarders=[impostor.format(address)]))
    assert choice == Choice("recursive", "no network yet", settled=False)


def test_asks_three_servers_of_each_address_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def unreachable(_query: dns.message.Message, where: str, **_options: object) -> None:
        asked.append(where)
        raise OSError

    monkeypatch.setattr(dns.asyncquery, "udp_with_fallback", unreachable)
    monkeypatch.setattr(reach, "has_route", lambda _: True)  # a container on a bridge has none for IPv6
    path = tmp_path / "root.hints"
    path.write_text(
        "; root servers\n"
        + "".join(f".  60  NS  N{n}.\nN{n}.  60  A  192.0.2.{n}\nN{n}.  60  AAAA  2001:db8::{n}\n" for n in range(1, 6))
    )
    anchor = tmp_path / "root.key"
    anchor.write_text("")
    asyncio.run(reach.choose(path, anchor, [], path))

    assert asked == [*(f"192.0.2.{n}" for n in (1, 2, 3)), *(f"2001:db8::{n}" for n in (1, 2, 3))]


@pytest.mark.parametrize(
    ("content", "said"), [(None, "apt install dns-root-data"), ("bad file", "must be a zone file")]
)
@pytest.mark.parametrize("which", ["root_hints", "trust_anchor"])
def test_refuses_files_that_cannot_be_used(tmp_path: Path, which: str, content: str | None, said: str) -> None:
    files = {"root_hints": tmp_path / "root.hints", "trust_anchor": tmp_path / "root.key"}
    files["root_hints"].write_text(". 60 NS a.\na. 60 A 192.0.2.1\n")
    files[which].unlink(missing_ok=True)
    if content is not None:
        files[which].write_text(content)
    with pytest.raises(OperatorError, match=rf"^resolver\.{which}: .*{said}"):
        asyncio.run(reach.choose(files["root_hints"], files["trust_anchor"], [], tmp_path))
