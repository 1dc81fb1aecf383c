"""What the refresher and its children tell each other."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Job:
    """What to do. `names` are in the compiled list that is there, None if there is none.


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
    file: str = ""
    descriptor: int | None = None


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
