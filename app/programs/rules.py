"""Settings, lists and the box's own addresses -> the ruleset that decides about names, and the next after a change."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from types import MappingProxyType

from app.answer.ddr import Designation
from app.answer.local import LocalRecords
from app.answer.policy import BLOCKING, Kind, Listed, Matcher, NameVerdict, Policy, no_list
from app.answer.rebinding import RebindProtection
from app.answer.ruleset import Ruleset
from app.answer.special import SpecialNames
from app.config.forwarding import Forwarder
from app.config.settings import Settings
from app.config.values import IPAddress
from app.doctor import healthcheck
from app.errors import OperatorError
from app.files import stamp
from app.host.interfaces import shared_by_clients
from app.lists.blocklist import Blocklist, Blocklists
from app.lists.names import BLOCK, IMPORTANT_BLOCK, IMPORTANT_LIFT, LIFT
from app.lists.weighing import ALLOW, weighed
from app.networks import INSIDE
from app.onboarding.enrolment import CHECK_LABEL, Enrolment
from app.owner.will import Will

from . import owner_file, paths
from .owner_described import name_origin

log = logging.getLogger("homedot")

KINDS = {
    ALLOW: Kind.ALLOW_LISTED,
    IMPORTANT_LIFT: Kind.EXCEPTED_IMPORTANTLY,
    IMPORTANT_BLOCK: Kind.LISTED_IMPORTANTLY,
    LIFT: Kind.EXCEPTED,
    BLOCK: Kind.LISTED,
}
"""Whose word in the policy it is what a list says, by its weight: both are in one order."""


class RulesetWatcher:
    """Follows what a ruleset is made of. `is_paused` says whether blocking is paused for all this moment, and `will`
    what the owner has set by then."""

    def __init__(
        self, settings: Settings, is_paused: Callable[[], bool], will: Callable[[], Will] = lambda: owner_file.NOBODYS
    ) -> None:
        self._given = self._settings = settings
        self._is_paused = is_paused
        self._will, self._seen_will = will, owner_file.NOBODYS
        self._titles: Mapping[str, str] = {}
        self._is_paused_for_all = False
        self._apart: Ruleset | None = None
        self._lists = Blocklists(paths.lists(settings), settings.blocking.sources if settings.blocking.enabled else ())
        self._enrolment_seen: object = None
        self._enrolment: Enrolment | None = None
        self.ruleset = self.look() or self._build(is_paused=False)

    def look(self) -> Ruleset | None:
        """A new ruleset if something has changed since the last look."""
        paused = self._is_paused()
        changed = self._look_at_will() | self._lists.look() | self._look_at_enrolment()
        if changed:
            self._apart = None
        if not changed and paused == self._is_paused_for_all:
            return None
        self._is_paused_for_all = paused
        self.ruleset = self._build(is_paused=paused)
        return self.ruleset

    @property
    def addresses(self) -> tuple[IPAddress, ...]:
        """Those of this box, as they were found last."""
        return self._enrolment.addresses if self._enrolment else ()

    @property
    def numbers(self) -> dict[str, int]:
        """Of each list that is in use, by its title: its place in the settings, counted from 1. Of two with one title
        the first."""
        at = {source: number for number, source in enumerate(self._settings.blocking.sources, 1)}
        return {each.title: at.get(each.header.source, 0) for each in reversed(self._lists.current)}

    @property
    def unpaused(self) -> Ruleset:
        """The ruleset as it is without a pause."""
        return self._build(is_paused=False) if self._is_paused_for_all else self.ruleset

    @property
    def paused(self) -> Ruleset:
        """The ruleset as it is in a pause."""
        self._apart = self._apart or self._build(is_paused=True)
        return self._apart

    def owner_note(self, name: str) -> str | None:
        """When and from where the owner allowed or denied this name, if somebody did."""
        return name_origin(self._seen_will, name)

    def _look_at_will(self) -> bool:
        will = self._will()
        if will is self._seen_will:
            return False
        self._seen_will, before = will, (self._settings.blocking, self._titles)
        self._settings = owner_file.with_owner(self._given, will)
        self._titles = owner_file.titles(self._given, will)
        if (self._settings.blocking, self._titles) == before:
            return False
        if self._settings.blocking.enabled:
            self._lists.follow(self._settings.blocking.sources)
        return True

    def _look_at_enrolment(self) -> bool:
        path = paths.enrolment(self._settings)
        seen = stamp(path)
        if seen == self._enrolment_seen:
            return False
        self._enrolment_seen = seen
        try:
            self._enrolment = paths.read_enrolment(self._settings)
        except OperatorError as error:
            log.warning("still using the previous addresses of this box: %s", error)
            return False
        return True

    def _build(self, *, is_paused: bool) -> Ruleset:
        lists = self._lists.current
        return build(self._settings, self._enrolment, lists, is_paused=is_paused, titles=self._titles)


def build(
    settings: Settings,
    enrolment: Enrolment | None,
    blocklists: Sequence[Blocklist],
    *,
    is_paused: bool = False,
    titles: Mapping[str, str] = MappingProxyType({}),
) -> Ruleset:
    """The ruleset for this moment; `titles` as in the policy."""
    blocking = settings.blocking
    local = LocalRecords(
        _addresses(settings, enrolment), {host.name: host.alias for host in settings.local if host.alias}
    )
    routed = [route.zone for route in settings.resolver.routes]
    special = SpecialNames(
        by_address=_designation(settings, enrolment, by_address=True),
        by_name=_designation(settings, enrolment, by_address=False),
        by_public_name=_public_designation(settings, enrolment),
        existing=(*local.concerned, f"{CHECK_LABEL}.{settings.hostname}", *routed),
        released=_released(settings),
        switched_on={f"special.{name}" for name, value in asdict(settings.special).items() if value is True},
    )
    policy = Policy(
        special=special.fixed,
        local=local,
        reserved=special.reserved,
        allow=blocking.allow,
        never_block=blocking.never_block,
        deny=blocking.deny,
        listed=_listed(blocklists, blocking.allow_lists) if blocklists else no_list,
        looks_at_addresses=any(blocklist.header.addresses for blocklist in blocklists),
        is_paused=is_paused or not blocking.enabled,
        titles=titles,
    )
    served = (special.fixed, local, special.reserved)
    return Ruleset(
        policy,
        special,
        local,
        blocking.mode,
        rebinding=_rebinding(settings, enrolment, served),
        forwarders=_forwarders(settings, enrolment),
    )


def _released(settings: Settings) -> set[str]:
    """Special names that are asked upstream all the same."""
    # What a route leads to somebody at home for is for them to answer.
    released = {healthcheck.NAME, *settings.special.released, *(route.zone for route in settings.resolver.routes)}
    if settings.resolver.root_hints is not None or settings.resolver.trust_anchor is not None:
        # A private root decides its own names, and is what tests and laboratories have; unbound has the same exception.
        released.add("test")
    return released


def _forwarders(settings: Settings, enrolment: Enrolment | None) -> dict[str, Sequence[Forwarder]]:
    """Who is asked, by the zone of the route; by the empty name where all else is forwarded."""
    found: dict[str, Sequence[Forwarder]] = {route.zone: route.forwarders for route in settings.resolver.routes}
    if enrolment is not None and enrolment.resolver == "forward":
        found[""] = settings.resolver.forward
    return found


def _rebinding(settings: Settings, enrolment: Enrolment | None, served: Sequence[Matcher]) -> RebindProtection:
    """Not where unbound recurses from a private root, which decides about names and addresses of its own."""
    resolver = settings.resolver
    recurses = enrolment is not None and enrolment.resolver == "recursive"
    if not resolver.rebind_protection or (recurses and resolver.root_hints is not None):
        return RebindProtection()
    exceptions = (*resolver.rebind_exceptions, *(route.zone for route in resolver.routes))
    return RebindProtection(INSIDE, exceptions, served)


def _addresses(settings: Settings, enrolment: Enrolment | None) -> dict[str, Sequence[IPAddress]]:
    """Of the names of the house. At home the public name leads here whatever public DNS says."""
    addresses: dict[str, Sequence[IPAddress]] = {host.name: host.addresses for host in settings.local if host.addresses}
    if enrolment is not None:
        addresses |= dict.fromkeys(filter(None, (enrolment.hostname, settings.public.name)), enrolment.addresses)
    return addresses


def _designation(settings: Settings, enrolment: Enrolment | None, *, by_address: bool) -> Designation | None:
    """Who asks by address must find the address in the certificate (RFC 9462 4.2); who asks by name, the name."""
    if enrolment is None or not (settings.special.ddr and settings.plain.enabled):
        return None
    addresses = enrolment.certified if by_address else enrolment.addresses
    # Behind a bridge network nobody here sees which address was asked.
    knows_address = by_address and not shared_by_clients()
    only_at = frozenset(str(address) for address in addresses) if knows_address else frozenset()
    return Designation(enrolment.hostname, enrolment.dot_port, addresses, only_at) if addresses else None


def _public_designation(settings: Settings, enrolment: Enrolment | None) -> Designation | None:
    """Who asks by the public name must find it in the certificate, so only while there is one."""
    public = enrolment.public if enrolment else None
    designation = _designation(settings, enrolment, by_address=False)
    return replace(designation, hostname=public.name) if designation and public and public.not_after else None


def _listed(blocklists: Sequence[Blocklist], allow_lists: Sequence[str]) -> Listed:
    said = weighed(blocklists, allow_lists)

    def verdict(name: str, rtype: int, asked: str, qtype: int) -> NameVerdict | None:
        found = said(name, rtype)
        if found is None:
            return None
        weight, rule, title = found
        kind = KINDS[weight]
        if name != asked and kind in BLOCKING:
            spared = said(asked, qtype)
            if spared is not None and spared[0] > weight:
                return None
        return NameVerdict(kind, rule, title)

    return verdict
