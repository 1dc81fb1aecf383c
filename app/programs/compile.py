"""The child of the program `lists`: one download or file, parsed and compiled, and gone."""

from functools import partial

from app.config.hosts import at_home
from app.config.settings import Settings
from app.host import memory
from app.lists.child import do
from app.lists.job import refresh

from . import paths


def run(settings: Settings) -> None:
    """Do one job that comes as JSON, print what came of it as JSON."""
    home, port = partial(at_home, known=settings.local), partial(paths.unbound_port, settings)
    do(lambda job: refresh(job, port, settings.resolver.ca_bundle, home, free_octets=memory.free_bytes))
