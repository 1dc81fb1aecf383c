"""What the refresher and its children tell each other."""

from dataclasses import dataclass
from typing import Protocol

_LEAST_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Job:
    """What to do. `names` and `exceptions` are in the compiled list that is there; `names` is None if there is none.

    `takes_any_size` is what the operator says: a download with few names or none is meant to be so.
    With `is_check` nothing is written, and whatever is read is good enough to be told. A list that is a file is read
    from its path, or else from `file`, or from `descriptor`, where it is open already.
    """

    source: str
    folder: str
    names: int | None = None
    etag: str = ""
    last_modified: str = ""
    takes_any_size: bool = False
    is_check: bool = False
    exceptions: int = 0
    file: str = ""
    descriptor: int | None = None

    def has_lost(self, names: int, exceptions: int) -> str | None:
        """What is lost if the new list has only so many, nine tenths at least; None if it is not. Of a list that has
        exceptions only, these count."""
        before, now, what = (self.names, names, "names") if self.names else (self.exceptions, exceptions, "exceptions")
        return f"{before} {what} to {now}" if now < before * _LEAST_SHARE else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done. When nothing had changed, the counts are those of nothing. `left_out` are sentences, `reach` is
    reach.PlainNames's word."""

    is_new: bool
    title: str = ""
    names: int = 0
    exceptions: int = 0
    unsupported: int = 0
    junk: int = 0
    examples: tuple[str, ...] = ()
    etag: str = ""
    last_modified: str = ""
    top_level: int = 0
    left_out: tuple[str, ...] = ()
    top_level_examples: tuple[str, ...] = ()
    reach: str = ""
    reach_why: str = ""


class Work(Protocol):
    """A job that somebody is at work on."""

    def outcome(self) -> Outcome | None:
        """What was done, None while it is not. Raises ListError if it failed; neither is asked again."""

    def end(self) -> None:
        """Give it up at once."""
