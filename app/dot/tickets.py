"""The keys that session tickets are encrypted with, renewed every week.

Who gets hold of such a key can read every TLS 1.2 session resumed with it, so keys that live as long as an appliance
would undo forward secrecy: change them weekly, destroy the old (RFC 9325 3.4, 7.3; RFC 5077 5.5).
"""

import logging
import ssl
from collections.abc import Callable

from .tls import bare_context

log = logging.getLogger(__name__)

WEEK_S = 7 * 24 * 3600.0
TWO_YEARS_WEEKS = 104
"""As many keys for processes that share them: 1.1 MB in all, once, and 20 ms to make them."""


class TicketKeys:
    """`context` holds the keys of this week. Python's ssl cannot set any, but every context draws its own.

    `clock` tells seconds, while the machine is suspended too. Processes forked after this was made agree without a word
    which keys are in force, for `ahead` weeks: their keys are made now, and the clock chooses.
    """

    def __init__(self, clock: Callable[[], float], ahead: int = 0) -> None:
        self._clock = clock
        self._start_s = clock()
        self._week = 0
        self._is_shared = ahead > 0
        self._ahead = [bare_context() for _ in range(ahead)]
        self.context: ssl.SSLContext = bare_context()

    def refresh(self) -> None:
        """Look at the clock. Keys of a week that is over go with the last connection that began in it."""
        week = int((self._clock() - self._start_s) // WEEK_S)
        passed = week - self._week
        if passed <= 0:
            return
        self._week = week
        if passed <= len(self._ahead):
            self.context = self._ahead[passed - 1]
        else:
            self.context = bare_context()
            if self._is_shared:
                log.warning("workers no longer resume each other's sessions; restart Homedot to mend that")
                self._is_shared = False
        del self._ahead[:passed]
