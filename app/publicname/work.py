"""The work of a child: what a job asks for, and what came of it."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from app.errors import PublicNameError

from .authority import CertificateAuthority
from .contract import NameJob, NameOutcome, Provider
from .propagation import wait_until_seen
from .providers import provider_of
from .resolving import OwnUnbound


def work(job: NameJob, server_port: int = 53) -> NameOutcome:
    """Do it, as far as it can be done. The provider is asked before the authority, so that a token that is no good any
    more costs no order. `server_port` is where name servers of zones are asked."""
    unbound = OwnUnbound(job.resolver_port)
    done: dict[str, Any] = {}
    try:
        provider = None
        if job.addresses is not None or job.request_pem:
            provider = provider_of(job, unbound.addresses)
            provider.check()
        if provider and job.addresses is not None:
            provider.set_addresses(job.addresses)
            done["addresses_set"] = True
        if provider and job.request_pem:
            _order(job, provider, unbound, partial(_wait, unbound, server_port), done)
        elif job.chain_pem:
            _ask(job, job.chain_pem, unbound, done)
    except PublicNameError as error:
        done["fault"], done["retry_after_s"] = str(error), error.retry_after_s
        done["is_of_settings"] = error.is_of_settings
    return NameOutcome(**done)


def _order(
    job: NameJob,
    provider: Provider,
    unbound: OwnUnbound,
    wait: Callable[[str, list[str]], object],
    done: dict[str, Any],
) -> None:
    """A certificate, and when there shall be the next."""
    authority = CertificateAuthority(job, unbound.addresses)
    try:
        chain_pem = done["chain_pem"] = authority.issue(provider, wait)
    finally:
        done["account"] = authority.account
    done["renew_s"], done["ask_again_s"] = authority.renewal(chain_pem)


def _ask(job: NameJob, chain_pem: str, unbound: OwnUnbound, done: dict[str, Any]) -> None:
    """When to renew. An authority that does not answer this is no fault before a certificate is due."""
    done["ask_again_s"] = 0.0
    with suppress(PublicNameError):
        done["renew_s"], done["ask_again_s"] = CertificateAuthority(job, unbound.addresses).renewal(chain_pem)


def _wait(unbound: OwnUnbound, port: int, name: str, texts: list[str]) -> object:
    return wait_until_seen(name, texts, unbound, port)
