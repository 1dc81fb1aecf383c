"""A ruleset out of plain words, for tests of what is answered and of what is blocked."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network

from app.answer.ddr import Designation
from app.answer.local import LocalRecords
from app.answer.policy import Policy
from app.answer.rebinding import RebindProtection
from app.answer.ruleset import Ruleset
from app.answer.special import SpecialNames
from app.config.forwarding import Forwarder


def ruleset(
    *,
    allow: Iterable[str] = (),
    deny: Iterable[str] = (),
    lists: Mapping[str, Iterable[str]] | None = None,
    hosts: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    mode: str = "null",
    is_paused: bool = False,
    by_address: Designation | None = None,
    by_name: Designation | None = None,
    released: Iterable[str] = (),
    switched_on: Iterable[str] = ("special.firefox_canary",),
    home: Iterable[str] = (),
    forwarders: Mapping[str, Sequence[Forwarder]] | None = None,
) -> Ruleset:
    """`lists` holds names by title, each covering what is below, and exceptions that begin with @@; `hosts` addresses
    with spaces between them by name; `home` the networks that no answer may lead to."""

    def listed(name: str, asked: str, _qtype: int) -> tuple[str, str] | None:
        for title, rules in (lists or {}).items():
            if any(f".{each}".endswith(f".{rule[2:]}") for rule in rules if rule[:2] == "@@" for each in (name, asked)):
                continue
            for rule in rules:
                if f".{name}".endswith(f".{rule}"):
                    return rule, title
        return None

    addresses = {name: tuple(map(ip_address, text.split())) for name, text in (hosts or {}).items()}
    local = LocalRecords(addresses, aliases or {})
    special = SpecialNames(
        by_address=by_address,
        by_name=by_name,
        existing=local.concerned,
        released=released,
        switched_on=frozenset(switched_on),
    )
    policy = Policy(
        special=special.fixed,
        local=local,
        reserved=special.reserved,
        allow=allow,
        deny=deny,
        listed=listed,
        looks_at_addresses=any(name[-1].isdigit() or ":" in name for names in (lists or {}).values() for name in names),
        is_paused=is_paused,
    )
    served = (special.fixed, local, special.reserved)
    return Ruleset(
        policy,
        special,
        local,
        mode,
        rebinding=RebindProtection(map(ip_network, home), (), served),
        forwarders=forwarders or {},
    )
