"""`homedot config`: every setting in force, and where its value comes from."""

from argparse import Namespace

from app.config.load import Loaded
from app.config.settings import Settings, leaves


def run(loaded: Loaded, _: Namespace) -> int:
    """Print a line for each."""
    rows = [(leaf.name, _shown(loaded.settings, leaf.name), loaded.sources[leaf.name]) for leaf in leaves()]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for name, value, source in rows:
        print(f"{name:{widths[0]}}  {value:{widths[1]}}  {source}")
    return 0


def _shown(settings: Settings, name: str) -> str:
    value: object = settings
    for part in name.split("."):
        value = getattr(value, part)
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
