"""The child of the program `lists`: one download or file, parsed and compiled, and gone."""

from functools import partial

from app.config.hosts import at_home
from app.config.settings import Settings
from app.lists.child import do
from app.lists.job import refresh


def run(settings: Settings) -> None:
    """Do one job that comes as JSON, print what came of it as JSON."""
    home = partial(at_home, known=settings.local)
    do(lambda job: refresh(job, settings.resolver.port, settings.resolver.ca_bundle, home))
