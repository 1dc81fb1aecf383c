"""DuckDNS: one GET sets the addresses or the text of a domain, and the answer is OK or KO (duckdns.org/spec.jsp).

A domain has one text, which is also that of every name below it.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import final
from urllib.parse import urlencode

from app.errors import PublicNameError

from .api import ApiClient, unexpected

SERVER = "https://www.duckdns.org"
_HOST = "duckdns"


@final
class DuckDns:
    holds_one = True
    keeps_addresses = True

    def __init__(self, web: ApiClient, name: str, token: str, server: str | None = None) -> None:
        self._web = web
        self._domain = name.removesuffix(".duckdns.org")
        self._token = token
        self._server = server or SERVER

    def check(self) -> None:
        self._update(txt="", clear="true")

    def set_text(self, _: str, value: str) -> None:
        self._update(txt=value)

    def remove_text(self, _: str, value: str) -> None:
        self._update(txt=value, clear="true")

    def set_addresses(self, addresses: Sequence[str]) -> None:
        """One of each kind, which is all that it holds. Of a kind that is not said it keeps what it has, so all go
        first where one is missing."""
        first = {ip_address(each).version: each for each in reversed(addresses)}
        if len(first) < len(("ip", "ipv6")):
            self._update(clear="true")
        if first:
            self._update(**{{4: "ip", 6: "ipv6"}[version]: address for version, address in first.items()})

    def _update(self, **parameters: str) -> None:
        asked = {"domains": self._domain, "token": self._token, **parameters}
        reply = self._web.ask("GET", f"{self._server}/update?{urlencode(asked)}")
        match reply.body.split(None, 1)[:1]:
            case [b"OK"] if reply.status == 200:
                return
            case [b"KO"]:
                told = f"{_HOST} refuses the token for {self._domain}: copy both from duckdns.org once more"
                raise PublicNameError(f"{told}, into public.name and public.token", is_of_settings=True)
        raise unexpected(_HOST, reply)
