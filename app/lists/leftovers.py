"""Files in the folder of the lists that are nobody's any more."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from . import paths


def remove(folder: Path, sources: Iterable[str], at_work: Iterable[str]) -> None:
    """All but those of the lists from `sources`, and but what a child is writing that is `at_work` on one."""
    wanted = {paths.compiled(folder, source) for source in sources}
    wanted |= {paths.download(path) for path in wanted}
    busy = tuple(paths.unfinished(paths.compiled(folder, source)).name for source in at_work)
    with suppress(OSError):
        for suffix in (f"{paths.SUFFIX}*", paths.DOWNLOAD_SUFFIX):
            for path in folder.glob(f"*{suffix}"):
                if path not in wanted and not path.name.startswith(busy):
                    path.unlink()


def remove_unfinished(folder: Path, source: str) -> None:
    """Of a child that was killed while it wrote."""
    begin = paths.unfinished(paths.compiled(folder, source))
    with suppress(OSError):
        for path in folder.glob(f"{begin.name}*"):
            path.unlink()
