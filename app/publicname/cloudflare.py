"""Cloudflare: records one by one, by their ids, below the id of a zone (developers.cloudflare.com/api, v4)."""

from collections.abc import Sequence
from functools import cached_property
from ipaddress import ip_address
from typing import Any, final
from urllib.parse import urlencode

from app import dnsname
from app.errors import PublicNameError

from .api import ApiClient, said, unexpected

SERVER = "https://api.cloudflare.com/client/v4"
_HOST = "Cloudflare"
_TTL_S = 60
_IDENTICAL = 81058
"""An identical record exists."""


@final
class Cloudflare:
    holds_one = False
    keeps_addresses = True

    def __init__(self, web: ApiClient, name: str, token: str, server: str | None = None) -> None:
        self._web = web
        self._name = name
        self._headers = {"Authorization": f"Bearer {token}"}
        self._api = server or SERVER

    @cached_property
    def _records(self) -> str:
        """The path of the records of the zone that holds the name."""
        for zone in dnsname.suffixes(self._name):
            if "." in zone and (found := self._ask("GET", f"/zones?{urlencode({'name': zone})}")):
                return f"/zones/{found[0]['id']}/dns_records"
        raise PublicNameError(
            f"{_HOST} shows this token no zone for {self._name}: give the token Zone:Read and DNS:Edit for it",
            is_of_settings=True,
        )

    def check(self) -> None:
        """Also takes away texts that an earlier run did not."""
        name = f"_acme-challenge.{self._name}"
        for record in self._found(name, "TXT"):
            self._ask("DELETE", f"{self._records}/{record['id']}")

    def set_text(self, name: str, value: str) -> None:
        self._add(name, "TXT", f'"{value}"')

    def remove_text(self, name: str, value: str) -> None:
        for record in self._found(name, "TXT"):
            if str(record["content"]).strip('"') == value:
                self._ask("DELETE", f"{self._records}/{record['id']}")

    def set_addresses(self, addresses: Sequence[str]) -> None:
        """Those that are missing first, so that the name has some at any time."""
        kinds = {each: "A" if ip_address(each).version == 4 else "AAAA" for each in addresses}
        there = {str(record["content"]): record for kind in ("A", "AAAA") for record in self._found(self._name, kind)}
        for address, kind in kinds.items():
            if address not in there:
                self._add(self._name, kind, address)
        for address, record in there.items():
            if address not in kinds:
                self._ask("DELETE", f"{self._records}/{record['id']}")

    def _found(self, name: str, kind: str) -> list[dict[str, Any]]:
        return list(self._ask("GET", f"{self._records}?{urlencode({'name': name, 'type': kind})}"))

    def _add(self, name: str, kind: str, content: str) -> None:
        record = {"type": kind, "name": name, "content": content, "ttl": _TTL_S, "proxied": False}
        self._ask("POST", self._records, record)

    def _ask(self, method: str, path: str, content: object = None) -> Any:
        reply = self._web.ask(method, self._api + path, self._headers, content)
        try:
            tree = reply.tree()
            if tree["success"] is True:
                return tree["result"]
            errors = {int(error["code"]): str(error["message"]) for error in tree["errors"]}
        except (ValueError, LookupError, TypeError):
            raise unexpected(_HOST, reply) from None
        if _IDENTICAL in errors:
            return None
        if reply.status in (400, 401, 403):
            words = said(", ".join(f"{message} ({code})" for code, message in errors.items()))
            told = f"{_HOST} refuses the token: {words}: make one with Zone:Read and DNS:Edit"
            raise PublicNameError(f"{told}, and put it into public.token", is_of_settings=True)
        raise unexpected(_HOST, reply)
