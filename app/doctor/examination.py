"""The checks, made: side by side where they do not need one another.

Each opens its own connections under its own deadline, and one that crashes is a finding like any other. What needs
something that another check has found wrong is not tried: so each fault is told once, as its cause.
"""

import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from app.doctor import certificate_checks, probe
from app.doctor.report import CHECKS, Finding, Report
from app.doctor.target import SEE_LOG, Box, CheckResult, Verdict, fails, not_tried

AT_ONCE = 8
"""Checks side by side: few enough for a Raspberry Pi, which does all the handshakes on both sides."""

_IN_THE_WAY = {Verdict.FAIL, Verdict.CANNOT_TELL, Verdict.NOT_TRIED}


def examine(box: Box, at_once: int = AT_ONCE, in_force: Callable[[str], str] = str) -> Report:
    """Make every check, `at_once` of them side by side, each with one connection at a time. `in_force` writes the
    settings in a remedy, which stand between backticks, as this box has them.

    Done within a second or two where all is well; where nothing answers, each costs up to `box.timeout_s`.
    """
    found: dict[str, CheckResult] = {}
    checked_at = datetime.now(UTC)
    with ThreadPoolExecutor(at_once) as pool:
        while len(found) < len(CHECKS):
            ready = [name for name in CHECKS if name not in found and found.keys() >= set(CHECKS[name].needs)]
            made = list(pool.map(partial(_tried, box, found), ready))
            found |= zip(ready, made, strict=True)
    for name, outcome in found.items():
        by = CHECKS[name].explained_by
        if by and {outcome.verdict, found[by].verdict} == {Verdict.FAIL}:
            found[name] = not_tried(outcome.detail, by)
    told = (Finding(name, replace(found[name], remedy=in_force(found[name].remedy))) for name in CHECKS)
    return Report(box, checked_at, tuple(told))


def _tried(box: Box, found: Mapping[str, CheckResult], name: str) -> CheckResult:
    """What the check finds, if nothing of what was `found` is in its way."""
    need = next((need for need in CHECKS[name].needs if found[need].verdict in _IN_THE_WAY), None)
    if need is not None:
        return not_tried(f"it needs: {need}", found[need].because or need)
    try:
        return CHECKS[name].run(box)
    except OSError as error:
        return _unreachable(box, error)
    except Exception as error:  # noqa: BLE001 - the fault is the finding, and the other checks must still run
        return fails(f"the check broke off: {type(error).__name__}: {error}", SEE_LOG)


def _unreachable(box: Box, error: OSError) -> CheckResult:
    where = f"{box.address} port {box.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        remedy = certificate_checks.REFUSALS.get(error.verify_code, certificate_checks.CHAIN)
        return fails(f"the certificate is refused: {probe.describe(error)}", remedy)
    if isinstance(error, ssl.SSLError):
        return fails(f"{where}: TLS fails: {probe.describe(error)}", box.another_program)
    if isinstance(error, TimeoutError):
        return fails(f"{where}: no answer within {box.timeout_s:g} s", SEE_LOG)
    remedy = f"check that the container runs and publishes port {box.port}; {SEE_LOG}"
    return fails(f"{where}: {probe.describe(error)}", remedy)
