"""A ruleset out of plain words, for tests of what is answered and of what is blocked."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network

from app.answer.ddr import Designation
from app.answer.local import LocalRecords
from app.answer.policy import Kind, NameVerdict, Policy
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
    """`lists` holds names by title, each covering what is below, and exceptions for all lists, which begin with @@;
    `hosts` addresses with spaces between them by name; `home` the networks that no answer may lead to."""

    def listed(name: str, _rtype: int, asked: str, _qtype: int) -> NameVerdict | None:
        every = [(title, rule) for title, rules in (lists or {}).items() for rule in rules]
        for title, rule in every:
            if rule[:2] == "@@" and _is_in(rule[2:], name):
                return NameVerdict(Kind.EXCEPTED, rule[2:], title)
            if rule[:2] == "@@" and _is_in(rule[2:], asked):
                return None
        return next((NameVerdict(Kind.LISTED, rule, title) for title, rule in every if _is_in(rule, name)), None)

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


def _is_in(zone: str, name: str) -> bool:
    return f".{name}".endswith(f".{zone}")
