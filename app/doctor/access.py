"""What the doctor asks of the settings: who may ask?"""

from app.doctor.target import Box, CheckResult, passes, warns


def who_may_ask(box: Box) -> CheckResult:
    """Nothing is asked: whether strangers reach this machine, only they can tell."""
    if box.exposed:
        return warns("; ".join(box.exposed), "set it to your networks and restart the container")
    return passes("; ".join(["not the whole internet", *box.blind]))
