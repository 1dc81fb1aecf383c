"""What all lists say about a name: the weightiest word counts, and of two alike that of the first list. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence

from app.config.sources import read

from .blocklist import Blocklist
from .names import IMPORTANT_LIFT, key_of, key_with_top
from .paths import told_apart

ALLOW = IMPORTANT_LIFT + 1
"""What an allow list says of its names, whatever else is said about them."""

Said = tuple[int, str, str]
"""The weight (names.BLOCK, ..., ALLOW), the rule that says it, and the title of its list."""

Weighing = Callable[[str, int], Said | None]
"""What all lists say to questions of a type about a name, or an address."""


def weighed(blocklists: Sequence[Blocklist], allow_lists: Collection[str] = ()) -> Weighing:
    """What to ask. `allow_lists` are sources; a list that has exceptions only is one anyway."""
    titles: Mapping[str, str] = told_apart({its.header.source: its.title for its in blocklists})
    heard = [
        (its.says, titles[its.header.source], its.has_exceptions_only or its.header.source in allow_lists)
        for its in blocklists
    ]
    # Only who asked for rules for top-level domains pays for looking them up.
    keyed = key_with_top if any(read(its.header.source).has_tlds for its in blocklists) else key_of

    def said(name: str, qtype: int) -> Said | None:
        key, found = keyed(name), None
        for says, title, allows in heard:
            weight, rule = says(key, qtype)
            if weight:
                weight = ALLOW if allows else weight
                if found is None or weight > found[0]:
                    found = weight, rule, title
        return found

    return said
