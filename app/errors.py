"""Every error that Homedot raises on purpose, by who must act.

HomedotError
 |- OperatorError   the person who runs the box: a setting, a file, a port. Fatal at start, exit code 2,
 |                  all faults told at once.
 |  `- SettingsError  the settings cannot be read, or contradict one another.
 |- ListError       a block list cannot be had, read or used. The old one is used on; `homedot lists` shows why.
 |- PublicNameError  a provider or a certificate authority refuses, or cannot be reached. It is tried again later.
 |- PeerError       a client broke the protocol. Costs that one message or connection, and one line of the log.
 `- UpstreamError   the resolver behind us did not answer. The client gets SERVFAIL with an extended error.
"""

from collections.abc import Iterable


class HomedotError(Exception):
    """The root of the tree; never raised itself."""


class OperatorError(HomedotError):
    """One or more faults that only the operator can mend. Each fault is one line: what, why, and the next step."""

    kind = "error"

    def __init__(self, faults: str | Iterable[str]) -> None:
        self.faults = (faults,) if isinstance(faults, str) else tuple(faults)
        super().__init__("\n".join(self.faults))

    @property
    def heading(self) -> str:
        """`1 error`, `3 configuration errors`."""
        return f"{len(self.faults)} {self.kind}{'s' if len(self.faults) > 1 else ''}"


class SettingsError(OperatorError):
    """The settings cannot be read, or contradict one another."""

    kind = "configuration error"


class ListError(HomedotError):
    """A list server, a file or a compiled list is not as it should be. The message is one line for the operator."""


class ListSizeError(ListError):
    """A download has no names, or far fewer than the one before: only the operator knows whether that is meant."""


class NoRoomError(ListError):
    """A list that is good needs more memory than there is."""


class ListBusyError(ListError):
    """A list server wants to be asked later: in `retry_after_s` at the soonest."""

    def __init__(self, told: str, retry_after_s: float) -> None:
        super().__init__(told)
        self.retry_after_s = retry_after_s


class PublicNameError(HomedotError):
    """A provider or an authority of the public name did not do what was asked. The message is one line for the
    operator, with the next step. Not before `retry_after_s` should it be asked again; `is_of_settings` if it will not
    do it whenever it is asked, until somebody changes a setting."""

    def __init__(self, told: str, *, retry_after_s: float = 0.0, is_of_settings: bool = False) -> None:
        super().__init__(told)
        self.retry_after_s = retry_after_s
        self.is_of_settings = is_of_settings


class PeerError(HomedotError):
    """A client sent what nobody can answer as it is. The message is for the log, never for the client."""


class UpstreamError(HomedotError):
    """No usable answer came from upstream in time."""
