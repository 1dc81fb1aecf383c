"""One leaf of the tree of settings: its default, its parser and its sentence. Pure."""

from collections.abc import Callable
from dataclasses import field
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
def setting(
    default: None, parse: Callable[[object], T], doc: str, look: Callable[[T], None] | None = None
) -> T | None: ...
@overload
def setting(default: object, parse: Callable[[object], T], doc: str) -> T: ...
def setting(
    default: object, parse: Callable[[object], Any], doc: str, look: Callable[[Any], None] | None = None
) -> Any:
    """A leaf of the tree, of the type that `parse` returns. `default` is what a user would write, and is parsed like
    it; None means not set. `look` is for who reads what the operator wrote: is there what the value names?"""
    return field(
        default=None if default is None else parse(default),
        metadata={"parse": parse, "doc": doc, "default": default, "look": look},
    )
