"""supervisord as process 1: keeps the programs running, and gives up loudly when one cannot be kept running.

supervisord by itself carries on with a program in the state FATAL, and always exits with 0. Here a FATAL program ends
the whole container with 1, so that the engine restarts it and the operator sees which program it was.
"""

import fcntl
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from supervisor import events
from supervisor.medusa import asyncore_25 as asyncore
from supervisor.options import ServerOptions
from supervisor.states import SupervisorStates
from supervisor.supervisord import Supervisor

from app.errors import OperatorError


class _Options(ServerOptions):
    test = False

    def set_uid_or_exit(self) -> None:
        """Stay who we are: each program drops to a user of its own, and the warning about it would only worry."""


class _Supervisor(Supervisor):
    def __init__(self, options: _Options) -> None:
        super().__init__(options)
        self.failed = False

    def runforever(self) -> None:
        events.subscribe(events.ProcessStateFatalEvent, self._stop_everything)
        super().runforever()

    def _stop_everything(self, event: events.ProcessStateFatalEvent) -> None:
        if self.failed:
            return  # the others fall because it did
        self.failed = True
        sys.stderr.write(
            f"homedot: {event.process.config.name} cannot be kept running; stopping. See its lines above.\n"
        )
        sys.stderr.flush()
        self.options.mood = SupervisorStates.SHUTDOWN


def run(configuration: Path, variables: Mapping[str, str]) -> int:
    """Run supervisord in the foreground until SIGTERM (returns 0) or until a program is FATAL (returns 1).

    `variables` are the %(ENV_NAME)s that the configuration uses. Raises OperatorError if the programs could not write
    to our output.
    """
    for descriptor in (1, 2):
        _share(descriptor)
    options = _Options()
    options.environ_expansions.update({f"ENV_{name}": value for name, value in variables.items()})
    options.realize(["-n", "-c", str(configuration)])
    options.first = True
    supervisor = _Supervisor(options)
    with suppress(asyncore.ExitNow):  # how supervisord leaves its loop
        supervisor.main()
    return 1 if supervisor.failed else 0


def _share(descriptor: int) -> None:
    """Our output must be one that the programs can append to: supervisord opens it anew for each of them."""
    try:
        os.close(os.open(f"/dev/fd/{descriptor}", os.O_WRONLY | os.O_APPEND))
    except OSError as error:
        raise OperatorError(
            f"the output is another user's and cannot be shared ({error.strerror}): end the command with 2>&1 | cat"
        ) from error
    # When it is a file, we must append as well, or lines overwrite each other.
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND)
