"""An authority that only gets as far as an order, for what Pebble does not do: limits, refusals, nonsense."""

from collections.abc import Callable

from .name_provider import Answer, Api, Request, Texts, as_json

NONCE = {"Replay-Nonce": "bm9uY2U"}


def problem(status: int, kind: str, detail: str, **headers: str) -> Answer:
    """As RFC 8555 6.7 has it."""
    told = as_json(status, {"type": f"urn:ietf:params:acme:error:{kind}", "detail": detail})
    shown = {name.replace("_", "-"): value for name, value in headers.items()}
    return told._replace(headers={"Content-Type": "application/problem+json", **NONCE, **shown})


def authority(order: Callable[[str], Answer], directory: Answer | None = None) -> Api:
    """Answers a new order as `order` says, which is given the URL of this server."""

    def api(request: Request, _: Texts) -> Answer:
        here = f"https://{request.headers['Host']}"
        match request.path:
            case "/dir":
                links = {name: f"{here}/{name}" for name in ("newNonce", "newAccount", "newOrder")}
                return directory or as_json(200, links)
            case "/newNonce":
                return Answer(200, b"", NONCE)
            case "/newAccount":
                return as_json(201, {"status": "valid"})._replace(headers={"Location": f"{here}/a/1", **NONCE})
            case "/newOrder":
                return order(here)
            case _:
                authorization = {
                    "status": "pending",
                    "identifier": {"type": "dns", "value": "mybox.duckdns.org"},
                    "challenges": [{"type": "http-01", "url": f"{here}/c/1", "status": "pending", "token": "t" * 43}],
                }
                return as_json(200, authorization)._replace(headers=NONCE)

    return api


def without_dns(here: str) -> Answer:
    """An order whose only name can be shown over HTTP alone."""
    order = {"status": "pending", "identifiers": [], "authorizations": [f"{here}/z/1"], "finalize": f"{here}/f/1"}
    return as_json(201, order)._replace(headers={"Location": f"{here}/o/1", **NONCE})
