"""A house out of plain words, for tests of what is answered and of what is blocked."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network

from app.answer.ddr import Designation
from app.answer.house import House
from app.answer.local import Local
from app.answer.policy import Policy
from app.answer.rebinding import Rebinding
from app.answer.special import Special


def house(
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
    firefox_canary: bool = True,
    refuse_private_relay: bool = False,
    home: Iterable[str] = (),
) -> House:
    """`lists` holds names by title, each covering what is below, and exceptions that begin with @@; `hosts` addresses
    with spaces between them by name; `home` the networks that no answer may lead to."""

    def listed(name: str, asked: str) -> tuple[str, str] | None:
        for title, rules in (lists or {}).items():
            if any(f".{each}".endswith(f".{rule[2:]}") for rule in rules if rule[:2] == "@@" for each in (name, asked)):
                continue
            for rule in rules:
                if f".{name}".endswith(f".{rule}"):
                    return rule, title
        return None

    addresses = {name: tuple(map(ip_address, text.split())) for name, text in (hosts or {}).items()}
    local = Local(addresses, aliases or {})
    special = Special(
        by_address=by_address,
        by_name=by_name,
        existing=local.names,
        released=released,
        firefox_canary=firefox_canary,
        refuse_private_relay=refuse_private_relay,
    )
    policy = Policy(
        special=special.covering_fixed,
        local=local.covering,
        reserved=special.covering_reserved,
        allow=allow,
        deny=deny,
        listed=listed,
        is_paused=is_paused,
    )
    return House(policy, special, local, mode, Rebinding(map(ip_network, home)))
