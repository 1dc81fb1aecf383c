"""What the parts of this room tell one another, and what its child is told and tells. Types only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Resolve = Callable[[str], Sequence[str]]
"""The addresses of a host, in the order to try. Raises PublicNameError if there are none."""


class Provider(Protocol):
    """Who serves the name in public DNS. All methods raise PublicNameError."""

    holds_one: bool
    """Whether there is room for one text at a name, so that a new one takes the place of the old."""

    keeps_addresses: bool
    """Whether it can be told addresses."""

    def check(self) -> None:
        """Look whether it does what we ask, before an authority is asked for anything."""

    def set_text(self, name: str, value: str, /) -> None:
        """Have a TXT record `value` at `name`, besides those that were set here before."""

    def remove_text(self, name: str, value: str, /) -> None:
        """Take it away again."""

    def set_addresses(self, addresses: Sequence[str]) -> None:
        """Have these A and AAAA records at the public name, and no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """At the authority: the key (PEM), and its URL there, empty before there is one."""

    key_pem: str = field(repr=False)
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameJob:
    """What there is to do about `name`, for a child that reads no file.

    `addresses` are to be in public DNS, None: leave them. `request_pem` (CSR) asks for a certificate, None: for none.
    `chain_pem` is the one there is, and the authority is asked when it shall be renewed; None: it is not asked.
    `roots_pem` are for the provider, `authority_roots_pem` for the authority; unbound answers at `resolver_port`.
    """

    name: str
    provider: str
    server: str | None
    token: str | None = field(repr=False)
    hook: str | None
    resolver_port: int
    roots_pem: str = field(repr=False)
    addresses: Sequence[str] | None
    directory: str
    authority_roots_pem: str = field(repr=False)
    account: Account | None
    eab_id: str | None
    eab_key: str | None = field(repr=False)
    profile: str | None
    request_pem: str | None
    chain_pem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NameOutcome:
    """What came of a job. `fault` is a sentence with the next step, empty if all of it was done; then `is_of_settings`
    and `retry_after_s` are as in PublicNameError. Times are Unix times; None is not
    known, and an `ask_again_s` of 0 is as always."""

    addresses_set: bool = False
    account: Account | None = None
    chain_pem: str | None = None
    renew_s: float | None = None
    ask_again_s: float | None = None
    fault: str = ""
    is_of_settings: bool = False
    retry_after_s: float = 0.0
