"""`homedot setup-phone`: how a device joins, as the log showed it at the start."""

from argparse import Namespace

from app.config.load import Loaded
from app.onboarding.steps import setup_text
from app.programs.paths import read_enrolment


def run(loaded: Loaded, _: Namespace) -> int:
    """Print it. Raises OperatorError if Homedot was never started."""
    print(setup_text(read_enrolment(loaded.settings)))
    return 0
