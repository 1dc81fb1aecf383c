"""Names that no list may block, because devices take their silence for a broken network. Pure.

Each stands for itself and everything below it. A star stands for the beginning of one label: `*-dnsotls-ds.example.com`
is `abc-dnsotls-ds.example.com`.
"""

from collections.abc import Iterable, Sequence
from typing import final

from app import dnsname

SETTING = "blocking.never_block"

NAMES = {
    "Android: does the network lead to the internet, and does Private DNS answer?": (
        "connectivitycheck.gstatic.com",
        "connectivitycheck.android.com",
        "*-dnsotls-ds.metric.gstatic.com",
        "play.googleapis.com",
    ),
    "ChromeOS and Chrome: does the network lead to the internet?": ("clients3.google.com", "www.gstatic.com"),
    "iPhone, iPad, Mac: does the network lead to the internet?": ("captive.apple.com",),
    "Windows: does the network lead to the internet, and does DNS answer?": (
        "www.msftconnecttest.com",
        "ipv6.msftconnecttest.com",
        "www.msftncsi.com",
        "ipv6.msftncsi.com",
        "dns.msftncsi.com",
    ),
    "Linux: does the network lead to the internet?": (
        "connectivity-check.ubuntu.com",
        "network-test.debian.org",
        "nmcheck.gnome.org",
    ),
    "Boards without a clock, phones and computers: what is the time? DNSSEC and TLS need to know": (
        "pool.ntp.org",
        "time.android.com",
        "time.apple.com",
        "time.cloudflare.com",
        "time.google.com",
        "time.windows.com",
    ),
}
"""What each device asks its network, and by which names."""


@final
class NeverBlock:
    """The names above and those of the setting `blocking.never_block`."""

    __slots__ = ("_endings", "_names", "concerned")

    def __init__(self, more: Iterable[str] = ()) -> None:
        every = [name for group in NAMES.values() for name in group] + list(more)
        self._names = frozenset(name for name in every if not dnsname.has_star(name))
        self._endings: dict[str, list[str]] = {}
        for name in every:
            if dnsname.has_star(name):
                self._endings.setdefault(name.partition(".")[2], []).append(name)
        self.concerned = self._names | self._endings.keys()

    def match(self, suffixes: Sequence[str]) -> tuple[str, str] | None:
        """The rule for the name with these `dnsname.suffixes`, and the setting; or None."""
        for name, parent in zip(suffixes, (*suffixes[1:], ""), strict=True):
            if name in self._names:
                return name, SETTING
            for rule in self._endings.get(parent, ()):
                if dnsname.matches_star(rule, name):
                    return rule, SETTING
        return None
