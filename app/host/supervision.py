"""supervisord as process 1: keeps the programs running, and gives up loudly when one cannot be kept running.

supervisord by itself carries on with a program in the state FATAL, and always exits with 0. Here a FATAL program ends
the whole container with 1, so that the engine restarts it and the operator sees which program it was.

Everybody's lines pass through here, and nobody waits for whoever reads them: supervisord reads what programs print and
gives it to us as events, its own output does not block, and neither do theirs.

SIGHUP has everything looked at now, as every minute has what is due: certificates, lists, the operator's settings. It
ends nothing. Two signals come from upkeep: on SIGUSR1 unbound is started anew, because a configuration was written that
one which runs would not take whole (the certificates of forwarders are read at a start only), and on SIGUSR2 those that
read settings are.
"""

import logging
import os
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from supervisor import events
from supervisor.loggers import Handler, LogRecord
from supervisor.medusa import asyncore_25 as asyncore
from supervisor.options import ServerOptions
from supervisor.states import SupervisorStates
from supervisor.supervisord import Supervisor

from app.errors import OperatorError

from .lossy_output import reopen_unblocked, unblock_pipe
from .relay import Relay, Tell

KEEPS_FAILING = "keeps failing; stopping"
"""What is said of a program that ends again and again."""

RENEWING = "received SIGHUP: looking at certificates, lists and settings"

_US = "homedot"
_READ_SETTINGS = (("front", "dot"), ("front", "web"), ("lists", "lists"))


class _Options(ServerOptions):
    test = False

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell

    def make_logger(self) -> None:
        super().make_logger()
        self.logger.handlers = [_Handler(self._tell)]

    def make_pipes(self, *stderr: bool) -> dict[str, int | None]:
        pipes: dict[str, int | None] = super().make_pipes(*stderr)
        for end in ("child_stdout", "child_stderr"):
            descriptor = pipes[end]
            if descriptor is not None:
                unblock_pipe(descriptor)
        return pipes

    def set_uid_or_exit(self) -> None:
        """Stay who we are: each program drops to a user of its own, and the warning about it would only worry."""


class _Handler(Handler):
    """Hands on what supervisord itself says."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: LogRecord) -> None:
        text = str(record.asdict()["message"])
        is_as_told = text.startswith("received ")  # a signal: no more than news, though supervisord warns of it
        self._tell(_US, logging.INFO if is_as_told else record.level, text)


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
    def __init__(
        self, options: _Options, tell: Tell, look: Callable[[], None], ask_for_renewal: Callable[[], None]
    ) -> None:
        super().__init__(options)
        self.failed = False
        self._tell = tell
        self._look = look
        self._ask_for_renewal = ask_for_renewal
        self._is_renewal_due = False
        self._lines = Relay(tell)

    def runforever(self) -> None:
        events.subscribe(events.ProcessStateFatalEvent, self._stop_everything)
        events.subscribe(events.ProcessLogEvent, self._relay)
        events.subscribe(events.ProcessStateEvent, self._relay_rest)
        signal.signal(signal.SIGHUP, self._renew)
        signal.signal(signal.SIGUSR1, lambda *_: self._restart(("unbound", "unbound")))
        signal.signal(signal.SIGUSR2, lambda *_: self._restart(*_READ_SETTINGS))
        alarm = _Alarm()
        self.options.get_socket_map()[alarm.descriptor] = alarm
        super().runforever()

    def _relay(self, event: events.ProcessLogEvent) -> None:
        self._lines.read(event.process.config.name, event.channel, event.data)

    def _relay_rest(self, event: events.ProcessStateEvent) -> None:
        self._lines.end(event.process.config.name)

    def tick(self, now: float | None = None) -> None:
        super().tick(now)
        self._look()
        if self._is_renewal_due:
            self._is_renewal_due = False
            self._tell(_US, logging.INFO, RENEWING)
            try:
                self._ask_for_renewal()
            except OSError as error:
                self._say(f"{error.filename}: cannot be written: {error.strerror}: restart Homedot")
            for event in events.TICK_EVENTS:  # upkeep takes one for the next minute
                events.notify(event(int(time.time()), self))

    def _renew(self, *_: object) -> None:
        self._is_renewal_due = True

    def _restart(self, *programs: tuple[str, str]) -> None:
        """Let them end by themselves; that they are started anew then is their `autorestart`."""
        for group, name in programs:
            process = self.process_groups[group].processes[name]
            try:
                if process.pid:
                    os.kill(process.pid, signal.SIGTERM)
            except OSError as error:
                self._say(f"{name} cannot be restarted: {error.strerror}: restart Homedot")

    def _stop_everything(self, event: events.ProcessStateFatalEvent) -> None:
        if self.failed:
            return  # the others fall because it did
        self.failed = True
        self._say(f"{event.process.config.name} {KEEPS_FAILING}. See its lines above.")
        self.options.mood = SupervisorStates.SHUTDOWN

    def _say(self, sentence: str) -> None:
        self._tell(_US, logging.ERROR, sentence)


def restart_unbound(pid_file: Path) -> None:
    """Have the supervisor that wrote `pid_file` start unbound anew. Raises OperatorError if there is none."""
    _signal(pid_file, signal.SIGUSR1, "unbound")


def restart_programs(pid_file: Path) -> None:
    """The same for the programs that read settings."""
    _signal(pid_file, signal.SIGUSR2, "the programs")


def _signal(pid_file: Path, number: signal.Signals, whom: str) -> None:
    try:
        os.kill(int(pid_file.read_text()), number)
    except (OSError, ValueError) as error:
        raise OperatorError(f"{pid_file}: {whom} cannot be restarted: {error}: restart Homedot") from error


def run(
    configuration: Path,
    variables: Mapping[str, str],
    tell: Tell,
    look: Callable[[], None],
    ask_for_renewal: Callable[[], None],
) -> int:
    """Run supervisord in the foreground until SIGTERM (returns 0) or until a program is FATAL (returns 1).

    `variables` are the %(ENV_NAME)s that the configuration uses. `tell` gets every line of the log, `look` is called
    about once a second, and `ask_for_renewal` at a SIGHUP; from here on our output does not block. Raises OperatorError
    if that cannot be had.
    """
    for descriptor in (1, 2):
        _share(descriptor)
    tempfile.tempdir = variables["RUN_DIR"]  # supervisord looks for one to have as a default, and uses none
    options = _Options(tell)
    options.environ_expansions.update({f"ENV_{name}": value for name, value in variables.items()})
    options.realize(["-n", "-c", str(configuration)])
    options.first = True
    supervisor = _Supervisor(options, tell, look, ask_for_renewal)
    with suppress(asyncore.ExitNow):  # how supervisord leaves its loop
        supervisor.main()
    return 1 if supervisor.failed else 0


def _share(descriptor: int) -> None:
    try:
        reopen_unblocked(descriptor)
    except OSError as error:
        raise OperatorError(
            f"the output is another user's and cannot be shared ({error.strerror}): end the command with 2>&1 | cat"
        ) from error
