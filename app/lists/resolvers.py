"""Lines that tell other resolvers what to block: dnsmasq's settings and response policy zones. Pure.

    address=/ads.example.com/0.0.0.0      dnsmasq: the name and everything below has the address of nobody, or none
    local=/a.example/b.example/           dnsmasq: the same, nobody is asked; `server=` too, when no server is named
    ads.example.com CNAME .               a policy zone: exactly this name (draft-vixie-dnsop-dns-rpz 3.1, 4)
    *.ads.example.com CNAME .             a policy zone: everything below, and not the name itself
    ads.example.com CNAME rpz-passthru.   a policy zone: not blocked

    32.1.2.0.192.rpz-ip CNAME .           a policy zone: answers with this address

What else they can say, like networks as triggers, is not for us.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

_DNSMASQ = re.compile(r"(?P<kind>address|local|server)=/(?P<names>.+)/(?P<target>[^/]*)")
_OF_NOBODY = {"", "#", "0.0.0.0", "::", "127.0.0.1", "::1"}
_BLOCKS, _LIFTS = {".", "*.", "rpz-drop."}, "rpz-passthru."
_TRIGGER = re.compile(r"(?:\A|\.)rpz-[a-z-]+\Z")
_ONE_ADDRESS = re.compile(r"(?:32(?P<v4>(?:\.[0-9]+){4})|128(?P<v6>(?:\.(?:[0-9a-f]{1,4}|zz)){3,8}))\.rpz-ip")


def dnsmasq(text: str) -> list[str]:
    """The names that a line in lower case blocks, each with what is below it."""
    found = _DNSMASQ.fullmatch(text)
    if found is None or found["target"] not in (_OF_NOBODY if found["kind"] == "address" else {""}):
        return []
    return [name.removeprefix("*").removeprefix(".") for name in found["names"].split("/")]


class Entry(NamedTuple):
    """A record of a policy zone: what its owner stands for, and whether it is not blocked. `is_trigger`: it stands for
    something else than a name, and `name` is empty if that is not one address."""

    name: str
    covers_below: bool
    lifts: bool
    is_trigger: bool = False


def _address(owner: str) -> str:
    """`1.2.0.192` behind its prefix length, backwards (draft-vixie-dnsop-dns-rpz 4.3.1), where it is a whole one."""
    found = _ONE_ADDRESS.fullmatch(owner)
    if found is None:
        return ""
    if found["v4"]:
        return ".".join(found["v4"].split(".")[:0:-1])
    return ":".join("" if part == "zz" else part for part in found["v6"].split(".")[:0:-1])


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
        if _TRIGGER.search(name):
            return Entry(_address(name), covers_below=False, lifts=target == _LIFTS, is_trigger=True)
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
