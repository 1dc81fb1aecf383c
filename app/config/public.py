"""Settings of the public name that do not belong together. Pure."""

from collections.abc import Collection, Iterator

from .foreign import is_only_at_home
from .providers import LETS_ENCRYPT, TOKENS
from .settings import Public

Fault = tuple[tuple[str, ...], str]

BEFORE_IT_STARTS = (
    "must be true, because public.name is set: you then agree to the terms of the certificate authority "
    "({terms}); the name stands in public logs for ever; and unless public.records is false, the addresses of this box "
    "in your network stand in public DNS"
)
_TERMS = "https://letsencrypt.org/repository"


def contradictions(public: Public, hostname: str, local: Collection[str]) -> Iterator[Fault]:
    """The names of settings involved, and the fault. `local` are names of the house."""
    if public.name is None:
        for name in ("provider", "token", "server", "hook"):
            if getattr(public, name) is not None:
                yield _missing("name", name)
        return
    yield from _about_the_name(public.name, public, hostname, local)
    if public.provider is None:
        yield _missing("provider", "name")
    else:
        yield from _about_the_provider(public.provider, public)
    if not public.terms:
        terms = _TERMS if public.directory == LETS_ENCRYPT else f"of {public.directory}"
        yield ("public.terms",), f"public.terms: {BEFORE_IT_STARTS.format(terms=terms)}"
    if (public.eab_id is None) != (public.eab_key is None):
        yield _missing(*(("eab_key", "eab_id") if public.eab_id else ("eab_id", "eab_key")))


def _about_the_name(name: str, public: Public, hostname: str, local: Collection[str]) -> Iterator[Fault]:
    if name == hostname:
        fault = "must be another name than hostname, which devices know by another certificate"
        yield ("public.name", "hostname"), f"public.name: {fault}"
    if name in local:
        yield (
            ("public.name", "local"),
            f"local: {name}: is public.name, and has the addresses of this box: remove it here",
        )
    if public.directory == LETS_ENCRYPT and is_only_at_home(name):
        yield ("public.name",), "public.name: must be a name of public DNS, like mybox.duckdns.org"
    if public.provider == "duckdns" and not (name.endswith(".duckdns.org") and name.count(".") == 2):
        yield ("public.name", "public.provider"), "public.name: must be like mybox.duckdns.org, as duckdns has it"


def _about_the_provider(provider: str, public: Public) -> Iterator[Fault]:
    if provider == "hook" and public.hook is None:
        yield _missing("hook", "provider", "hook")
    if provider != "hook" and public.hook is not None:
        yield ("public.hook", "public.provider"), "public.provider: must be hook, because public.hook is set"
    if provider != "hook" and public.token is None:
        yield _missing("token", "provider", provider)
    if provider in TOKENS:
        yield from _about_one_of_several(provider, public)
    if public.server is not None and public.server.startswith("https://") == (provider == "rfc2136"):
        kind = "an address" if provider == "rfc2136" else "a URL, https://HOST,"
        yield ("public.server", "public.provider"), f"public.server: must be {kind} for {provider}"


def _about_one_of_several(provider: str, public: Public) -> Iterator[Fault]:
    """Of a provider that many run for themselves."""
    pattern, words = TOKENS[provider]
    if public.token is not None and not pattern.fullmatch(public.token.text):
        yield ("public.token", "public.provider"), f"public.token: must be {words}"
    if public.server is None:
        yield _missing("server", "provider", provider)


def _missing(name: str, there: str, value: str = "set") -> Fault:
    is_so = "is" if value == "set" else f"is {value}"
    return (f"public.{name}", f"public.{there}"), f"public.{name}: must be set too, because public.{there} {is_so}"
