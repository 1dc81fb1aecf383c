"""Each provider that is asked over HTTPS, with a real server behind it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.publicname.acmedns import AcmeDns
from app.publicname.api import ApiClient
from app.publicname.cloudflare import Cloudflare
from app.publicname.contract import Provider
from app.publicname.desec import DeSec
from app.publicname.duckdns import DuckDns
from tests.fakes import name_provider
from tests.fakes.name_provider import ACCOUNT, TOKEN, Api, ProviderApi

Make = Callable[[ApiClient, str, str], Provider]
"""From a client, a token and the server's URL."""

MAKE: dict[str, tuple[Api, str, str, Make]] = {
    "duckdns": (
        name_provider.duckdns,
        "mybox.duckdns.org",
        TOKEN,
        lambda c, t, u: DuckDns(c, "mybox.duckdns.org", t, u),
    ),
    "desec": (name_provider.desec, "dns.box.dedyn.io", TOKEN, lambda c, t, u: DeSec(c, "dns.box.dedyn.io", t, u)),
    "cloudflare": (
        name_provider.cloudflare,
        "dns.home.example.org",
        TOKEN,
        lambda c, t, u: Cloudflare(c, "dns.home.example.org", t, u),
    ),
    "acme-dns": (
        name_provider.acme_dns,
        "sub.auth.example.org",
        ACCOUNT,
        lambda c, t, u: AcmeDns(c, "a.example.org", t, u),
    ),
}


class Asked:
    """A provider and what is behind it."""

    def __init__(self, kind: str, server: ProviderApi, timeout_s: float = 5.0) -> None:
        self.kind = kind
        self.server = server
        _, self.name, self.token, self._make = MAKE[kind]
        self._client = ApiClient(lambda host: (host,), server.roots_pem, timeout_s)
        self.provider = self.with_token(self.token)

    def with_token(self, token: str) -> Provider:
        return self._make(self._client, token, self.server.url)

    def records(self, kind: str, label: str = "") -> list[str]:
        return self.server.records[label + self.name, kind]


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Callable[[str], Asked]]:
    """Starts the API of a kind."""
    running = []

    def start(kind: str, timeout_s: float = 5.0) -> Asked:
        context = ProviderApi(MAKE[kind][0], tmp_path).running()
        running.append(context)
        return Asked(kind, context.__enter__(), timeout_s)

    yield start
    for context in running:
        context.__exit__(None, None, None)
