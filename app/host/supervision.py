"""supervisord as process 1: keeps the programs running, and gives up loudly when one cannot be kept running.

supervisord by itself carries on with a program in the state FATAL, and always exits with 0. Here a FATAL program ends
the whole container with 1, so that the engine restarts it and the operator sees which program it was.

Every line of the log is "PROGRAM: text". supervisord's own are brought into that form here, and so are unbound's, which
it gives us as events.

On SIGUSR1 it has unbound started anew, because a configuration was written that an unbound which runs would not take
whole: the certificates of forwarders are read at a start only.
"""

import fcntl
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from supervisor import events
from supervisor.loggers import Handler
from supervisor.medusa import asyncore_25 as asyncore
from supervisor.options import ServerOptions
from supervisor.states import SupervisorStates
from supervisor.supervisord import Supervisor

from app.errors import OperatorError

KEEPS_FAILING = "keeps failing; stopping"
"""What is said of a program that ends again and again."""

_HEAD_OF_UNBOUND = re.compile(r"^\[\d+\] unbound\[\d+:[0-9a-f]+\] ")
_NO_NEWS = ("info: start of service ", "info: service stopped ")


class _Options(ServerOptions):
    test = False

    def make_logger(self) -> None:
        super().make_logger()
        for handler in self.logger.handlers:
            handler.setFormat("homedot: %(message)s\n")

    def set_uid_or_exit(self) -> None:
        """Stay who we are: each program drops to a user of its own, and the warning about it would only worry."""


class _Alarm:
    """Among the file descriptors that supervisord waits on: readable when a signal came, which ends the wait.

    By itself it notices signals, and with them that a program ended, up to a second later.
    """

    def __init__(self) -> None:
        self.descriptor, writing = os.pipe()
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def handle_read_event(self) -> None:
        os.read(self.descriptor, 4096)


class _Supervisor(Supervisor):
    def __init__(self, options: _Options) -> None:
        super().__init__(options)
        self.failed = False

    def runforever(self) -> None:
        events.subscribe(events.ProcessStateFatalEvent, self._stop_everything)
        events.subscribe(events.ProcessLogStdoutEvent, _relay)
        signal.signal(signal.SIGUSR1, self._restart_unbound)
        alarm = _Alarm()
        self.options.get_socket_map()[alarm.descriptor] = alarm
        super().runforever()

    def _restart_unbound(self, *_: object) -> None:
        """Let it end by itself; that it is started anew then is its `autorestart`."""
        process = self.process_groups["unbound"].processes["unbound"]
        try:
            if process.pid:
                os.kill(process.pid, signal.SIGTERM)
        except OSError as error:
            _say(f"unbound cannot be restarted: {error.strerror}: restart Homedot")

    def _stop_everything(self, event: events.ProcessStateFatalEvent) -> None:
        if self.failed:
            return  # the others fall because it did
        self.failed = True
        _say(f"{event.process.config.name} {KEEPS_FAILING}. See its lines above.")
        self.options.mood = SupervisorStates.SHUTDOWN


def restart_unbound(pid_file: Path) -> None:
    """Have the supervisor that wrote `pid_file` start unbound anew. Raises OperatorError if there is none."""
    try:
        os.kill(int(pid_file.read_text()), signal.SIGUSR1)
    except (OSError, ValueError) as error:
        raise OperatorError(f"{pid_file}: unbound cannot be restarted: {error}: restart Homedot") from error


def run(configuration: Path, variables: Mapping[str, str]) -> int:
    """Run supervisord in the foreground until SIGTERM (returns 0) or until a program is FATAL (returns 1).

    `variables` are the %(ENV_NAME)s that the configuration uses. Raises OperatorError if the programs could not write
    to our output.
    """
    for descriptor in (1, 2):
        _share(descriptor)
    Handler.handleError = _pass_over_full_disk(Handler.handleError)
    options = _Options()
    options.environ_expansions.update({f"ENV_{name}": value for name, value in variables.items()})
    options.realize(["-n", "-c", str(configuration)])
    options.first = True
    supervisor = _Supervisor(options)
    with suppress(asyncore.ExitNow):  # how supervisord leaves its loop
        supervisor.main()
    return 1 if supervisor.failed else 0


def _relay(event: events.ProcessLogStdoutEvent) -> None:
    lines = (_HEAD_OF_UNBOUND.sub("", line) for line in event.data.decode(errors="replace").splitlines())
    text = "".join(f"{event.process.config.name}: {line}\n" for line in lines if not line.startswith(_NO_NEWS))
    with suppress(OSError):  # a full disk must not keep unbound waiting for us to read on
        os.write(1, text.encode())


def _say(sentence: str) -> None:
    with suppress(OSError):
        sys.stderr.write(f"homedot: {sentence}\n")
        sys.stderr.flush()


def _pass_over_full_disk(complain: Callable[[Handler], None]) -> Callable[[Handler], None]:
    """For a handler of supervisord's: a line that cannot be written is lost, and everything else goes on.

    Told of it on an output that is full as well, supervisord would stop listening to the program and so end it.
    """

    def handle_error(handler: Handler) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            complain(handler)

    return handle_error


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
