"""User agent -> kind of device. Pure. A guess, for the order of a page and nothing else.

An iPad says that it is a Mac unless it is told to ask for mobile pages; both take the same profile.
"""

KINDS = ("iphone", "mac", "android", "windows", "linux")

_MARKS = (
    ("iphone", ("iphone", "ipad", "ipod")),
    ("android", ("android",)),  # before linux, which Android says too
    ("windows", ("windows",)),
    ("mac", ("macintosh", "mac os x")),
    ("linux", ("linux", "cros", "x11")),
)
_PHONES = {"iphone", "android"}


def kind(user_agent: str) -> str | None:
    """One of KINDS, or None."""
    text = user_agent.lower()
    return next((kind for kind, marks in _MARKS if any(mark in text for mark in marks)), None)


def has_camera_at_hand(kind: str | None) -> bool:
    """Whether the page is on the device that would scan a code, which then cannot scan itself."""
    return kind in _PHONES
