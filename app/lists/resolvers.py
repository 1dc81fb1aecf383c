"""Lines that tell other resolvers what to block: dnsmasq's settings and response policy zones. Pure.

    address=/ads.example.com/0.0.0.0      dnsmasq: the name and everything below has the address of nobody, or none
    local=/a.example/b.example/           dnsmasq: the same, nobody is asked; `server=` too, when no server is named
    ads.example.com CNAME .               a policy zone: exactly this name (draft-vixie-dnsop-dns-rpz 3.1, 4)
    *.ads.example.com CNAME .             a policy zone: everything below, and not the name itself
    ads.example.com CNAME rpz-passthru.   a policy zone: not blocked

    32.1.2.0.192.rpz-ip CNAME .           a policy zone: answers with this address (4.3)
    24.0.2.0.192.rpz-ip CNAME .           a policy zone: answers with an address of this network

What else they can say, like who asks or who serves a zone as triggers, is not for us.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

_DNSMASQ = re.compile(r"(?P<kind>address|local|server)=/(?P<names>.+)/(?P<target>[^/]*)")
_OF_NOBODY = {"", "#", "0.0.0.0", "::", "127.0.0.1", "::1"}
_BLOCKS, _LIFTS = {".", "*.", "rpz-drop."}, "rpz-passthru."
_TRIGGER = re.compile(r"(?:\A|\.)(rpz-[a-z-]+)\Z")
_NETWORK = re.compile(r"(?P<length>[0-9]{1,3})(?P<parts>(?:\.(?:[0-9a-f]{1,4}|zz)){2,8})\.rpz-ip")


def dnsmasq(text: str) -> list[str]:
    """The names that a line in lower case blocks, each with what is below it."""
    found = _DNSMASQ.fullmatch(text)
    if found is None or found["target"] not in (_OF_NOBODY if found["kind"] == "address" else {""}):
        return []
    return [name.removeprefix("*").removeprefix(".") for name in found["names"].split("/")]


class Entry(NamedTuple):
    """A record of a policy zone: what its owner stands for, and whether it is not blocked. With a `trigger`, like
    `rpz-ip`, that is something else than a name: a network for that one, empty if it is none."""

    name: str
    covers_below: bool
    lifts: bool
    trigger: str = ""


def _network(owner: str) -> str:
    """`0.2.0.192` behind its prefix length, backwards (draft-vixie-dnsop-dns-rpz 4.3.1)."""
    found = _NETWORK.fullmatch(owner)
    if found is None:
        return ""
    parts = found["parts"].split(".")[:0:-1]
    if len(parts) == 4 and "zz" not in parts:
        return f"{'.'.join(parts)}/{found['length']}"
    text = ":".join("" if part == "zz" else part for part in parts)
    return f"{':' * (parts[0] == 'zz')}{text}{':' * (parts[-1] == 'zz')}/{found['length']}"


class PolicyZone:
    """Reads a zone file (RFC 1035 5.1), one record for each line, and remembers where names are relative to."""

    def __init__(self) -> None:
        self._origin: str | None = None
        self._apex = ""
        self.is_one = False
        """Whether there was a line that only a zone file has."""

    def read(self, words: Sequence[str]) -> Entry | None:
        """The words of a line in lower case, two at least. None for what blocks nothing, in a zone or not."""
        if words[0] in ("$origin", "$ttl") or "soa" in words[1:4]:
            self._learn(words)
            return None
        owner, target = self._absolute(words[0]), words[-1]
        if words[-2] != "cname" or not all(word == "in" or word.isdecimal() for word in words[1:-2]):
            return None
        name = owner.removesuffix(f".{self._apex}")
        if name == owner or (target not in _BLOCKS and target != _LIFTS):
            return None
        if trigger := _TRIGGER.search(name):
            return Entry(_network(name), covers_below=False, lifts=target == _LIFTS, trigger=trigger[1])
        return Entry(name.removeprefix("*."), name.startswith("*."), target == _LIFTS)

    def _learn(self, words: Sequence[str]) -> None:
        """From a line that only a zone file has: where it is, and where its names are relative to."""
        self.is_one = True
        if words[0] == "$origin":
            self._origin = self._absolute(words[1]).lstrip(".")
            self._apex = self._apex or self._origin
        elif words[0] != "$ttl":
            self._apex = self._absolute(words[0])
            if self._origin is None:  # of a zone's file it is the zone's name at first, which has the SOA
                self._origin = self._apex

    def _absolute(self, owner: str) -> str:
        """The name with its last dot. Without an origin, names that lack it are taken as if the root were theirs."""
        origin = self._origin or ""
        if owner == "@":
            return origin
        return owner if owner.endswith(".") else f"{owner}.{origin}"
