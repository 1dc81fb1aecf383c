"""When an Apple device uses this box: the choice in a query, in words, and as rules of the profile. Pure.

Rules are Apple's OnDemandRules: the first that matches the network decides. All but `always` end in Disconnect, so that
away from home a device uses the DNS of the network it is in.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from app.config import values

KINDS = ("reachable", "wifi", "always")
MOST_SSIDS = 8
MOST_SSID_OCTETS = 32  # IEEE 802.11 9.4.2.2

_NOT_XML = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]"
)  # XML 1.0 2.2; a plist has no other form for them
_CAPTIVE = ["captive.apple.com"]
"""Where Apple devices look for a network's login page: its own DNS must answer, or the page never shows."""
_KEYS = {"when", "ssid", "strict"}


@dataclass(frozen=True, slots=True)
class Variant:
    """`kind` is one of KINDS; `ssids` are the home's Wi-Fi networks, for `wifi` alone.

    `strict` forbids the device to fall back on another DNS while this box does not answer (AllowFailover, iOS 26).
    """

    kind: str = "reachable"
    ssids: tuple[str, ...] = ()
    strict: bool = False

    @property
    def query(self) -> str:
        """The query that gives this variant, "" for the default; without "?"."""
        fields = [("when", self.kind)] if self.kind != "reachable" else []
        fields += [("ssid", ssid) for ssid in self.ssids]
        return urlencode(fields + [("strict", "1")] * self.strict)


WITHOUT_NAMES = tuple(Variant(kind, (), strict) for kind in ("reachable", "always") for strict in (False, True))
"""Those that are known before anybody asks."""


def from_query(fields: Iterable[tuple[str, str]]) -> Variant:
    """The variant that a query asks for. `ssid` may come again and again, or hold one network a line.

    Raises ValueError with a sentence for a person.
    """
    found: dict[str, list[str]] = {}
    for key, value in fields:
        if key not in _KEYS:
            raise ValueError(f"There is no choice named {key[:40]}.")
        found.setdefault(key, []).append(value)
    kind = values.choice(*KINDS)(found.get("when", ["reachable"])[-1])
    ssids = _ssids(found.get("ssid", [])) if kind == "wifi" else ()
    return Variant(kind, ssids, found.get("strict", [""])[-1] == "1")


def _ssids(texts: Iterable[str]) -> tuple[str, ...]:
    """Names of Wi-Fi networks, one a line. Raises ValueError, also if there is none."""
    lines = [line.strip() for text in texts for line in text.splitlines()]
    ssids = tuple(dict.fromkeys(line for line in lines if line))
    if not ssids:
        raise ValueError("Which Wi-Fi is yours? Enter its name, as your device shows it.")
    if len(ssids) > MOST_SSIDS:
        raise ValueError(f"At most {MOST_SSIDS} Wi-Fi names.")
    for ssid in ssids:
        if len(ssid.encode("utf-8", "replace")) > MOST_SSID_OCTETS:
            raise ValueError(f"{ssid[:40]} is too long for the name of a Wi-Fi: at most {MOST_SSID_OCTETS} octets.")
        if _NOT_XML.search(ssid):
            raise ValueError("A Wi-Fi name with control characters cannot be written into a profile.")
    return ssids


def rules(variant: Variant, probes: Iterable[str]) -> list[dict[str, Any]]:
    """The OnDemandRules. `probes` are URLs that answer 200 while this box answers queries, one for each family.

    Raises ValueError if there are none and the variant needs one.
    """
    if variant.kind == "always":
        return [_use()]
    here: list[dict[str, Any]] = [{"URLStringProbe": probe} for probe in probes]
    if not here:
        raise ValueError("nothing tells whether this box is near: the setup page is off")
    if variant.kind == "wifi":
        # The probe is for the same name elsewhere, at the grandparents' or as a router's default. Cables have no name.
        wifi = {"InterfaceTypeMatch": "WiFi", "SSIDMatch": list(variant.ssids)}
        here = [wifi | probe for probe in here] + [{"InterfaceTypeMatch": "Ethernet"} | probe for probe in here]
    return [_use() | match for match in here] + [{"Action": "Disconnect"}]


def describe(variant: Variant) -> str:
    """When the device uses this box, as the end of a sentence."""
    if variant.kind == "always":
        return "on every network, also away from home"
    if variant.kind == "wifi":
        return f"on the Wi-Fi {' or '.join(variant.ssids)}, and by cable at home"
    return "on every network where it answers, which is at home"


def _use() -> dict[str, Any]:
    """Not Connect: only EvaluateConnection can spare domains."""
    return {
        "Action": "EvaluateConnection",
        "ActionParameters": [{"Domains": list(_CAPTIVE), "DomainAction": "NeverConnect"}],
    }
