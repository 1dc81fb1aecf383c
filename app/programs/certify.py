"""The child that a provider and an authority of the public name are asked by: one job, and it is gone.

It runs as a user of its own, reads no file, and is told on its standard input what it needs to know.
"""

import json
import signal
import sys
from dataclasses import asdict

from app.config.settings import Settings
from app.errors import PublicNameError
from app.lists.child import limit_ourselves
from app.publicname.contract import Account, NameJob, NameOutcome
from app.publicname.work import work

DEADLINE_S = 900
"""Two names one after the other, two minutes each until everybody sees the text, and three until they are looked at."""


def run(_: Settings) -> None:
    """Do one job that comes as JSON, print what came of it as JSON."""
    limit_ourselves()
    signal.signal(signal.SIGALRM, _end)
    signal.alarm(DEADLINE_S)
    tree = json.load(sys.stdin)
    job = NameJob(**{**tree, "account": tree["account"] and Account(**tree["account"])})
    try:
        outcome = work(job)
    except PublicNameError as error:
        outcome = NameOutcome(fault=str(error))
    json.dump(asdict(outcome), sys.stdout)


def _end(*_: object) -> None:
    raise PublicNameError(f"it was not done within {DEADLINE_S} s; it is tried again")
