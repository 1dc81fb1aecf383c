"""The query log, for those who ask for it: one line an answer. Pure but for `write`.

text   query client=192.168.1.23 name=ads.example. type=A outcome=blocked rcode=NOERROR cached=no reason="Pro" ms=0.1 \
transport=dot
json   query {"client": "192.168.1.23", "name": "ads.example.", ...}, which whoever writes the log makes one object of
"""

import json
from collections.abc import Callable
from functools import partial
from typing import final

from app import dnsname
from app.networks import HEALTH_CHECK

from . import wire
from .contract import Reply, Requestor
from .pipeline import LogAnswer, Pipeline
from .ruleset import Ruleset
from .tally import AnswerOutcome, Tally

_MOST_LINES = 1000
"""From one `flush` to the next: what is asked faster than that costs no more than a home's questions."""
_PORTION_OCTETS = 16 * 1024
"""Written at once, as a pipe takes it: four of them fill one (pipe(7)), so its reader has to be that late."""
_TYPES = {
    1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 13: "HINFO", 15: "MX", 16: "TXT", 28: "AAAA", 29: "LOC",
    33: "SRV", 35: "NAPTR", 39: "DNAME", 43: "DS", 44: "SSHFP", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 50: "NSEC3",
    52: "TLSA", 53: "SMIMEA", 61: "OPENPGPKEY", 64: "SVCB", 65: "HTTPS", 99: "SPF", 251: "IXFR", 252: "AXFR",
    255: "ANY", 256: "URI", 257: "CAA",
}  # fmt: skip
"""Those that are asked for, of https://www.iana.org/assignments/dns-parameters; others are TYPE with a number (RFC 3597
5)."""
_RCODES = {int(rcode): rcode.name for rcode in wire.Rcode}

Fields = dict[str, str | bool | float]


def as_text(fields: Fields) -> str:
    """`client=... name=...`: no value has a blank in it but the reason, which is in quotes."""
    reason = json.dumps(fields["reason"], ensure_ascii=False)
    shown = {**fields, "cached": "yes" if fields["cached"] else "no", "reason": reason}
    return " ".join(f"{name}={value}" for name, value in shown.items())


def as_json(fields: Fields) -> str:
    return json.dumps(fields, ensure_ascii=False)


FORMATS: dict[str, Callable[[Fields], str]] = {"text": as_text, "json": as_json}
"""By the values of `log.format`."""


def question(message: bytes) -> tuple[str, str]:
    """Name and type of a query, unusual octets as \\DDD (RFC 1035 5.1); question marks for what cannot be read."""
    try:
        labels, end = dnsname.read(message, wire.HEADER_OCTETS)
        qtype = wire.u16(message, end) if end + 4 <= len(message) and wire.u16(message, 4) else None
    except IndexError:
        return "?", "?"
    return ("?", "?") if qtype is None else (f"{dnsname.text(labels).lower()}.", _TYPES.get(qtype, f"TYPE{qtype}"))


@final
class QueryLog:
    """Collects lines and hands them to `write` in portions, and what is left at each `flush`, each with `prefix`.

    `form` is of FORMATS. Only answers to clients that `is_wanted` are in it, and with `only_blocked` of these only what
    was blocked; never those to the box's own health check. Lines that nobody takes are lost, and answers go on.
    """

    __slots__ = ("_count", "_form", "_is_wanted", "_lines", "_octets", "_only_blocked", "_prefix", "_write")

    def __init__(
        self,
        write: Callable[[str], object],
        form: str = "text",
        prefix: str = "",
        *,
        is_wanted: Callable[[str], bool] = lambda _: True,
        only_blocked: bool = False,
    ) -> None:
        self._write = write
        self._form = FORMATS[form]
        self._prefix = prefix
        self._is_wanted = is_wanted
        self._only_blocked = only_blocked
        self._lines: list[str] = []
        self._octets = self._count = 0

    def of(self, transport: str, *, cached: bool = False) -> LogAnswer:
        """Notes answers that go out over `transport`, from the cache or not."""
        return partial(self._note, transport=transport, cached=cached)

    def flush(self) -> None:
        """Write what there is, and how much there was no room for."""
        if self._count > _MOST_LINES:
            self._lines.append(f"{self._prefix}{self._count - _MOST_LINES} more lines about queries left out\n")
        self._count = 0
        self._hand_over()

    def _hand_over(self) -> None:
        if self._lines:
            lines, self._lines, self._octets = self._lines, [], 0
            self._write("".join(lines))

    def _note(
        self, client: str, message: bytes, tally: Tally, waited_s: float, *, transport: str, cached: bool
    ) -> None:
        said = tally.said
        if self._only_blocked and said.outcome is not AnswerOutcome.BLOCKED:
            return
        if client == HEALTH_CHECK or not self._is_wanted(client):
            return
        self._count += 1
        if self._count > _MOST_LINES:
            return
        name, qtype = question(message)
        fields: Fields = {
            "client": client,
            "name": name,
            "type": qtype,
            "outcome": said.outcome.value,
            "rcode": _RCODES.get(tally.rcode, f"RCODE{tally.rcode}"),
            "cached": cached,
            "reason": said.why,
            "ms": round(waited_s * 1e3, 1),
            "transport": transport,
        }
        self._lines.append(f"{self._prefix}query {self._form(fields)}\n")
        self._octets += len(self._lines[-1])
        if self._octets >= _PORTION_OCTETS:
            self._hand_over()


@final
class LoggedPipeline:
    """A pipeline whose hits are told to `log_hit` too. Nothing is looked up before it is known who asks."""

    __slots__ = ("_log_hit", "_pipeline")

    def __init__(self, pipeline: Pipeline, log_hit: LogAnswer) -> None:
        self._pipeline = pipeline
        self._log_hit = log_hit

    def use(self, ruleset: Ruleset) -> None:
        """From now on `ruleset` decides."""
        self._pipeline.use(ruleset)

    def lookup(self, _message: bytes) -> bytes | None:
        return None

    def resolve(self, message: bytes, requestor: Requestor, idle_timeout_s: float | None, reply: Reply) -> None:
        begun_s = self._pipeline.cache.clock()
        known = self._pipeline.lookup(message)
        if known is None:
            self._pipeline.resolve(message, requestor, idle_timeout_s, reply)
            return
        tally = self._pipeline.cache.tally_of(message[2:])
        if tally is not None:
            self._log_hit(requestor.client, message, tally, self._pipeline.cache.clock() - begun_s)
        reply(known)
