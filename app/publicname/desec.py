"""deSEC: sets of records as JSON, each written whole (desec.readthedocs.io, DNS API)."""

from collections.abc import Sequence
from functools import cached_property
from ipaddress import ip_address
from typing import Any, final

from app.errors import PublicNameError

from .api import ApiClient, Reply, said, unexpected

SERVER = "https://desec.io"
_HOST = "deSEC"
_TTL_S = 3600
"""The least that it takes for most domains."""


@final
class DeSec:
    holds_one = False
    keeps_addresses = True

    def __init__(self, web: ApiClient, name: str, token: str, server: str | None = None) -> None:
        self._web = web
        self._name = name
        self._headers = {"Authorization": f"Token {token}"}
        self._api = f"{server or SERVER}/api/v1/domains/"
        self._texts: dict[str, list[str]] = {}

    @cached_property
    def _zone(self) -> str:
        """The domain of this account that holds the name."""
        found = self._ask("GET", f"?owns_qname={self._name}")
        try:
            return str(found[0]["name"])
        except (LookupError, TypeError):
            told = f"{_HOST} knows no domain for {self._name} with this token: make it there, or correct public.name"
            raise PublicNameError(told, is_of_settings=True) from None

    def check(self) -> None:
        _ = self._zone

    def set_text(self, name: str, value: str) -> None:
        self._texts.setdefault(name, []).append(value)
        self._write_texts(name)

    def remove_text(self, name: str, value: str) -> None:
        self._texts[name].remove(value)
        self._write_texts(name)

    def set_addresses(self, addresses: Sequence[str]) -> None:
        by_kind: dict[str, list[str]] = {"A": [], "AAAA": []}
        for each in addresses:
            by_kind["A" if ip_address(each).version == 4 else "AAAA"].append(each)
        self._write([self._set(self._name, kind, records) for kind, records in by_kind.items()])

    def _write_texts(self, name: str) -> None:
        self._write([self._set(name, "TXT", [f'"{value}"' for value in self._texts[name]])])

    def _set(self, name: str, kind: str, records: Sequence[str]) -> dict[str, Any]:
        subname = name.removesuffix(self._zone).removesuffix(".")
        return {"subname": subname, "type": kind, "ttl": _TTL_S, "records": records}

    def _write(self, sets: Sequence[dict[str, Any]]) -> None:
        self._ask("PUT", f"{self._zone}/rrsets/", sets)

    def _ask(self, method: str, path: str, content: object = None) -> Any:
        reply = self._web.ask(method, self._api + path, self._headers, content)
        try:
            tree = reply.tree()
        except ValueError:
            raise unexpected(_HOST, reply) from None
        if reply.status in (401, 403):
            raise PublicNameError(
                f"{_HOST} refuses the token: make a new one at desec.io/tokens, and put it into public.token",
                is_of_settings=True,
            )
        if reply.status == 400:
            told = f"{_HOST} does not take the records of {self._name}: {said(_detail(tree, reply))}"
            raise PublicNameError(told, is_of_settings=True)
        if reply.status not in (200, 201):
            raise unexpected(_HOST, reply)
        return tree


def _detail(tree: Any, reply: Reply) -> object:
    return tree.get("detail", tree) if isinstance(tree, dict) else tree or reply.status
