"""All that /metrics tells, gathered: from the front door, the lists' state, the enrolment and the kernel."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from time import time

from app import __version__
from app.config.settings import Settings
from app.doctor.condition import Condition
from app.errors import OperatorError
from app.lists.paths import title_of
from app.revision import commit

from . import control_client, paths
from .blocking_page import without_query
from .list_status import states
from .metrics import ListNumbers, render, render_build, render_condition, render_lists, render_series
from .owner_file import in_force
from .process_memory import resident_bytes

log = logging.getLogger(__name__)

_DENY = "blocking.deny"
_END = "certificate_not_after_timestamp_seconds"


async def text(settings: Settings, condition: Callable[[], Awaitable[Condition]]) -> str:
    """In Prometheus' text format 0.0.4, without what the front door does not tell. Raises OperatorError if nothing was
    ever started."""
    enrolment = paths.read_enrolment(settings)
    ends = {"": enrolment.not_after, "public_": enrolment.public and enrolment.public.not_after}
    state, series = dict[str, int](), dict[str, dict[str, int]]()
    try:
        state, series = await control_client.state(settings), await control_client.series(settings)
    except OperatorError as error:  # which is what `homedot_condition` then says
        log.debug("%s", error)
    memory = await asyncio.to_thread(resident_bytes, os.getppid())
    blocked = series.pop("blocked", {})
    gauges = {name: numbers[""] for name, numbers in series.items() if "" in numbers}
    labelled = {name: numbers for name, numbers in series.items() if "" not in numbers}
    until = {
        f"{side}certificate_not_after_timestamp_seconds": int(end.timestamp()) for side, end in ends.items() if end
    }
    return (
        render({**state, **gauges, **until})
        + render_series({**labelled, "process_resident_memory_bytes": memory})
        + render_condition(await condition())
        + render_lists(_lists(in_force(settings), blocked))
        + render_build(__version__, commit())
    )


def _lists(settings: Settings, blocked: Mapping[str, int]) -> Iterator[ListNumbers]:
    """`blocked` by number."""
    yield ListNumbers(0, _DENY, "", blocked=blocked.get("0", 0))
    known = states(settings) if settings.blocking.enabled else {}
    for number, (source, its) in enumerate(known.items(), 1):
        age_s = time() - its.updated_s if its.is_there else None
        title, count = its.title or title_of(source), blocked.get(str(number), 0)
        yield ListNumbers(number, title, without_query(source), its.names, age_s, its.succeeded_s, its.failures, count)
