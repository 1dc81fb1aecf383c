"""The one state that this box is in, and the sentence for it: the same wherever somebody looks. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class ConditionKind(StrEnum):
    """What can be the matter; also the values of a metric's label, so there are never more."""

    WELL = "well"
    UNREACHABLE = "unreachable"
    FORWARDER_SILENT = "forwarder_silent"
    FORWARDER_NOT_VALIDATING = "forwarder_not_validating"
    FORWARDER_CERTIFICATE = "forwarder_certificate"
    REWRITTEN = "rewritten"
    CLOCK_WRONG = "clock_wrong"
    NO_NETWORK = "no_network"
    NOT_ANSWERING = "not_answering"
    CANNOT_TELL = "cannot_tell"


SENTENCES: Mapping[ConditionKind, str] = {
    ConditionKind.WELL: "Well: names are answered, checked with DNSSEC",
    ConditionKind.UNREACHABLE: "Answers, but the internet cannot be reached",
    ConditionKind.FORWARDER_SILENT: "Answers, but the forwarder does not answer: {}",
    ConditionKind.FORWARDER_NOT_VALIDATING: "Answers, but the forwarder does not validate: {} leaves DNSSEC"
    " signatures out, so names fail",
    ConditionKind.FORWARDER_CERTIFICATE: "Answers, but the forwarder cannot prove its name: {}",
    ConditionKind.REWRITTEN: "Answers, but names are rewritten on the way: another resolver answers on port 53",
    ConditionKind.CLOCK_WRONG: "Answers, but the clock of this machine is wrong, so signatures seem {}",
    ConditionKind.NO_NETWORK: "Answers, but this machine has no network",
    ConditionKind.NOT_ANSWERING: "Does not answer: {}",
    ConditionKind.CANNOT_TELL: "Cannot tell yet: nobody outside has been asked since the start",
}
"""For people; what the braces stand for is known only when it happens."""

NO_FRONT_DOOR = "the front door (dot) does not run, or hangs"
NO_UNBOUND = "unbound does not run, or hangs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`since_s` is Unix time, None where nobody knows. `remark` says what is not quite as it should be though it is
    well, or what softens it though it is not; often empty."""

    kind: ConditionKind
    sentence: str
    since_s: float | None = None
    remark: str = ""

    @property
    def is_well(self) -> bool:
        return self.kind is ConditionKind.WELL

    def text(self, now: datetime) -> str:
        """The whole sentence as it is `now` (aware; its zone is that of the people who read it)."""
        since = f", since {clock_time(self.since_s, now)}" if self.since_s is not None else ""
        return f"{self.sentence}{since}" + (f" ({self.remark})" if self.remark else "")

    def to_document(self) -> dict[str, Any]:
        """For JSON; `since` is RFC 3339, or null."""
        since = (
            None if self.since_s is None else datetime.fromtimestamp(self.since_s, UTC).isoformat(timespec="seconds")
        )
        return {"kind": self.kind.value, "sentence": self.sentence, "since": since, "remark": self.remark}


def of(kind: ConditionKind, since_s: float | None = None, about: str = "", remark: str = "") -> Condition:
    """`about` is what the sentence's braces stand for."""
    return Condition(kind=kind, sentence=SENTENCES[kind].format(about), since_s=since_s, remark=remark)


def from_document(document: Mapping[str, Any]) -> Condition:
    """The other way round. Raises KeyError or ValueError for what `to_document` does not give."""
    since = document["since"]
    since_s = None if since is None else datetime.fromisoformat(since).timestamp()
    kind = ConditionKind(document["kind"])
    return Condition(kind=kind, sentence=str(document["sentence"]), since_s=since_s, remark=str(document["remark"]))


def clock_time(at_s: float, now: datetime) -> str:
    """`hh:mm` in the zone of `now`, with the date before it when that is another one."""
    at = datetime.fromtimestamp(at_s, now.tzinfo)
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M}"
