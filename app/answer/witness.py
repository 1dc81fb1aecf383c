"""Between the pipeline and unbound: lets all pass, and notes what became of it.

What is answered from the front door's cache never comes here. What unbound answers from its own shows nothing about the
world outside: it comes at once.
"""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import final

from app import dnsname
from app.errors import UpstreamError

from . import edns, wire
from .contract import RecursiveResolver, Reply
from .evidence import EvidenceRow, MissKind

FROM_OUTSIDE_S = 0.004
"""Nobody outside answers faster than that, or hardly ever; unbound's cache does."""
_MOST_REMEMBERED = 64
_ANSWERS = (wire.Rcode.NOERROR, wire.Rcode.NXDOMAIN)
_OPT_HEAD, _OPT_OCTETS = b"\0\0\x29", 11
_DOMAIN_LABELS = 2


@final
class Witness:
    """Asks `upstream`, and notes in `row`. Names at and below `routed` have servers of their own, which say nothing
    about the internet."""

    __slots__ = ("_clock", "_failed", "_routed", "_row", "_upstream")

    def __init__(
        self,
        upstream: RecursiveResolver,
        row: EvidenceRow,
        routed: Sequence[str] = (),
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._upstream = upstream
        self._row = row
        self._routed = tuple(map(dnsname.to_wire, routed))
        self._clock = clock
        self._failed: dict[bytes, None] = {}

    def ask(self, query: bytes, client: str, reply: Reply) -> None:
        """As `RecursiveResolver` does."""
        asked_s, is_sent = self._clock(), False

        def witnessed(message: bytes | None) -> None:
            if is_sent:  # else it was turned away: too much is unfinished, and unbound knows nothing of it
                self._note(query, client, message, asked_s)
            reply(message)

        self._upstream.ask(query, client, witnessed)
        is_sent = True

    def _note(self, query: bytes, client: str, message: bytes | None, asked_s: float) -> None:
        now_s, row = self._clock(), self._row
        if message is not None:
            row.heard(now_s)
        kind = miss_of(message)
        if kind is None and not self._failed and now_s - asked_s < FROM_OUTSIDE_S:
            return
        question = _question(query)
        if self._routed and question.endswith(self._routed):
            return
        if kind is not None:
            self._remember(question)
            row.missed(now_s, kind, domain_of(question), client)
        elif message is not None and is_answer(message):
            if question in self._failed:
                del self._failed[question]
                row.recovered(now_s)
            if now_s - asked_s >= FROM_OUTSIDE_S:
                row.reached(now_s)

    def _remember(self, question: bytes) -> None:
        self._failed.pop(question, None)
        self._failed[question] = None
        if len(self._failed) > _MOST_REMEMBERED:
            del self._failed[next(iter(self._failed))]


def miss_of(message: bytes | None) -> MissKind | None:
    """What `message`, unbound's response, tells of a failure; None if it is none: an answer, or a refusal of the
    question as such."""
    if message is None:
        return MissKind.SILENT
    if message[3] & wire.RCODE_MASK == wire.Rcode.SERVFAIL:
        is_bogus = not edns.EDES_OF_VALIDATION.isdisjoint(edns.error_codes(_opt(message)))
        return MissKind.BOGUS if is_bogus else MissKind.FAILED
    if message.endswith(b"\0\0") and message[-_OPT_OCTETS:].startswith(_OPT_HEAD):
        return None  # an OPT without any option
    return MissKind.STALE if edns.is_stale(_opt(message)) else None


def is_answer(message: bytes) -> bool:
    """Whether it says what there is, or that there is nothing, and not of what is unbound's own (AA)."""
    return not message[2] & wire.AA >> 8 and message[3] & wire.RCODE_MASK in _ANSWERS


def domain_of(question: bytes) -> bytes:
    """The last two labels of a name in wire form: where one ends, another's owner begins, nearly everywhere."""
    starts, at = [], 0
    while question[at]:
        starts.append(at)
        at += 1 + question[at]
    return question[starts[-_DOMAIN_LABELS] if len(starts) >= _DOMAIN_LABELS else 0 :]


def _question(query: bytes) -> bytes:
    """The name that is asked, in lower case. `query` is one of ours, so its name is whole."""
    end = query.index(b"\0", wire.HEADER_OCTETS) + 1
    return query[wire.HEADER_OCTETS : end].lower()


def _opt(message: bytes) -> wire.Opt | None:
    try:
        return wire.read_response(message).opt
    except UpstreamError:
        return None
