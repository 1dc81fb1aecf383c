"""`homedot config`: every setting in force, and where its value comes from."""

from argparse import ArgumentParser, Namespace

from app.config.load import Loaded
from app.config.settings import Settings, leaves

from . import as_json


def arguments(parser: ArgumentParser) -> None:
    as_json.argument(parser)


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Print a line for each."""
    if arguments.json:
        as_json.show(
            [
                {"name": leaf.name, "value": _value(loaded.settings, leaf.name), "source": loaded.sources[leaf.name]}
                for leaf in leaves()
            ]
        )
        return 0
    rows = [(leaf.name, _shown(loaded.settings, leaf.name), loaded.sources[leaf.name]) for leaf in leaves()]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for name, value, source in rows:
        print(f"{name:{widths[0]}}  {value:{widths[1]}}  {source}")
    return 0


def _value(settings: Settings, name: str) -> object:
    """As JSON has it: the text of each address, name or path, and lists of them."""
    value: object = settings
    for part in name.split("."):
        value = getattr(value, part)
    if isinstance(value, tuple):
        return list(map(str, value))
    return value if value is None or isinstance(value, bool | int) else str(value)


def _shown(settings: Settings, name: str) -> str:
    value = _value(settings, name)
    if isinstance(value, list):
        return ", ".join(value) or "-"
    return "-" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
