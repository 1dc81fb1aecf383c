"""Which Homedot this is: its version, and the commit that it was made from.

An image carries the commit in the file COMMIT beside this module, written while it is built. A checkout is read without
git, which is not on every machine and refuses to look into what belongs to another user.
"""

from pathlib import Path

from . import __version__

_APP = Path(__file__).parent
_SHOWN_DIGITS = 7


def told(app: Path = _APP) -> str:
    """For people: `homedot 0.2.0 (commit 1358eeb)`. `app` is where this package lies."""
    known = commit(app)
    return f"homedot {__version__} ({f'commit {known}' if known else 'commit not known'})"


def commit(app: Path = _APP) -> str:
    """The first digits of the commit; empty if it is not known."""
    return (_text(app / "COMMIT") or commit_of(app.parent))[:_SHOWN_DIGITS]


def commit_of(checkout: Path) -> str:
    """The commit that is checked out in the folder, in hexadecimal digits; empty if it does not say.

    As in gitrepository-layout(5): HEAD is a commit or names a ref, which is a file of its own or a line of packed-refs.
    A worktree has a HEAD of its own, and shares the refs.
    """
    folder = checkout / ".git"
    if named := _text(folder).removeprefix("gitdir: "):
        folder = checkout / named
    head = _text(folder / "HEAD")
    if not head.startswith("ref: "):
        return head
    ref = head.removeprefix("ref: ")
    common = folder / (_text(folder / "commondir") or ".")
    packed = (line.split(" ") for line in _text(common / "packed-refs").splitlines())
    return _text(common / ref) or next((line[0] for line in packed if line[1:] == [ref]), "")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
