"""acme-dns: the newest two texts of one name, which `_acme-challenge` is an alias of (github.com/joohoi/acme-dns)."""

from collections.abc import Sequence
from typing import final

from app.errors import PublicNameError

from .api import ApiClient, unexpected

_HOST = "acme-dns"


@final
class AcmeDns:
    holds_one = False
    keeps_addresses = False

    def __init__(self, web: ApiClient, name: str, token: str, server: str) -> None:
        self._web = web
        self._name = name
        user, password, self._subdomain = token.split(":")
        self._headers = {"X-Api-User": user, "X-Api-Key": password}
        self._server = server

    def check(self) -> None:
        """Nothing can be asked without a change."""

    def set_text(self, _: str, value: str) -> None:
        content = {"subdomain": self._subdomain, "txt": value}
        reply = self._web.ask("POST", f"{self._server}/update", self._headers, content)
        if reply.status == 200:
            return
        if reply.status in (400, 401, 403):
            told = f"{_HOST} refuses user, password or subdomain: register again, put them into public.token, and have"
            told = f"{told} _acme-challenge.{self._name} be an alias (CNAME) of the new name"
            raise PublicNameError(told, is_of_settings=True)
        raise unexpected(_HOST, reply)

    def remove_text(self, name: str, value: str) -> None:
        """It forgets by itself: the third text takes the place of the first."""

    def set_addresses(self, addresses: Sequence[str]) -> None:
        """It has none."""
