"""What was found, and what is new to tell of it when it comes again and again: in upkeep, and to who asks for the
health."""

import logging
from dataclasses import dataclass

log = logging.getLogger("homedot")

ACTION_NEEDED = "action needed"
"""What leads a fault that somebody must mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """In sentences: `faults` kept something from being done, `news` happened just now, `warnings` hold until somebody
    acts."""

    faults: tuple[str, ...] = ()
    news: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class FindingsLog:
    """Logs `news` each time, `faults` and `warnings` once until they are gone. With faults it is `meanwhile` so."""

    def __init__(self, meanwhile: str = "") -> None:
        self._lead = f"{meanwhile}; {ACTION_NEEDED}" if meanwhile else ACTION_NEEDED
        self._told: frozenset[str] = frozenset()

    def tell(self, findings: Findings) -> None:
        """Log what is new."""
        for line in findings.news:
            log.warning("%s", line)
        for line in findings.faults:
            if line not in self._told:
                log.error("%s: %s", self._lead, line)
        for line in findings.warnings:
            if line not in self._told:
                log.warning("%s", line)
        self._told = frozenset([*findings.faults, *findings.warnings])


class HealthLog:
    """Logs why the front door is not healthy, each reason once until it is healthy again."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def ill(self, reason: str) -> None:
        if reason not in self._told:
            self._told.add(reason)
            log.warning("not healthy: %s", reason)

    def well(self) -> None:
        if self._told:
            self._told.clear()
            log.info("healthy again")
