"""Providers of public names, as their documents describe them: HTTPS on loopback, and the name server behind it.

All of them write into one `Zone`, which `NameServer` answers from. `fault` makes an API behave badly.
"""

import json
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qs, urlsplit

from .pki import Authority

TOKEN = "0000-token"  # noqa: S105 - of the servers here
ACCOUNT = "user:password:sub"

Texts = dict[tuple[str, str], list[str]]


class Request(NamedTuple):
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: Any


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: Mapping[str, str] = {}


def as_json(status: int, tree: object) -> Answer:
    return Answer(status, json.dumps(tree).encode(), {"Content-Type": "application/json"})


Api = Callable[[Request, Texts], Answer]


def duckdns(request: Request, records: Texts) -> Answer:
    """www.duckdns.org/spec.jsp. One text and one address of each kind; names below have the text too."""
    query = request.query
    if query.get("token") != TOKEN or "domains" not in query:
        return Answer(200, b"KO")
    name = f"{query['domains']}.duckdns.org"
    clears = query.get("clear") == "true"
    if "txt" in query:
        records[f"_acme-challenge.{name}", "TXT"] = [] if clears else [query["txt"]]
    elif clears:
        records[name, "A"], records[name, "AAAA"] = [], []
    else:
        if "ip" in query:
            records[name, "A"] = [query["ip"]]
        if "ipv6" in query:
            records[name, "AAAA"] = [query["ipv6"]]
    return Answer(200, b"OK")


def desec(request: Request, records: Texts) -> Answer:
    """desec.readthedocs.io: domains by `owns_qname`, sets of records by PUT of all of them."""
    if request.headers.get("Authorization") != f"Token {TOKEN}":
        return as_json(401, {"detail": "Invalid token."})
    if request.path == "/api/v1/domains/":
        owned = request.query["owns_qname"].endswith("box.dedyn.io")
        return as_json(200, [{"name": "box.dedyn.io", "minimum_ttl": 3600}] if owned else [])
    if request.method != "PUT" or request.path != "/api/v1/domains/box.dedyn.io/rrsets/":
        return as_json(404, {"detail": "Not found."})
    for each in request.content:
        if each["ttl"] < 3600:
            return as_json(400, [{"ttl": ["Ensure this value is greater than or equal to 3600."]}])
        name = f"{each['subname']}.box.dedyn.io".removeprefix(".")
        if each["type"] == "TXT" and not all(text.startswith('"') for text in each["records"]):
            return as_json(400, [{"records": ["Data for TXT records must be given using quotation marks."]}])
        records[name, each["type"]] = [text.strip('"') for text in each["records"]]
    return as_json(200, request.content)


def cloudflare(request: Request, records: Texts) -> Answer:
    """developers.cloudflare.com/api: zones by name, records by id."""

    def result(tree: object) -> Answer:
        return as_json(200, {"success": True, "errors": [], "messages": [], "result": tree})

    def error(status: int, code: int, message: str) -> Answer:
        return as_json(status, {"success": False, "errors": [{"code": code, "message": message}], "result": None})

    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return error(403, 10000, "Authentication error")
    match request.method:
        case "GET" if request.path == "/zones":
            return result([{"id": "z1", "name": "example.org"}] if request.query["name"] == "example.org" else [])
        case "GET":
            key = request.query["name"], request.query["type"]
            shown = [f'"{text}"' if key[1] == "TXT" else text for text in records.get(key, [])]
            identified = zip(records.get(key, []), shown, strict=True)
            return result([{"id": f"{key[0]}*{key[1]}*{text}", "content": content} for text, content in identified])
        case "POST":
            text = request.content["content"].strip('"')
            there = records[request.content["name"], request.content["type"]]
            if text in there:
                return error(400, 81058, "An identical record already exists.")
            there.append(text)
            return result({"id": "new"})
        case _:
            name, kind, text = request.path.rpartition("/")[2].split("*")
            records[name, kind].remove(text)
            return result({"id": "gone"})


def acme_dns(request: Request, records: Texts) -> Answer:
    """github.com/joohoi/acme-dns: the newest two texts of a subdomain."""
    user, password, subdomain = ACCOUNT.split(":")
    if (request.headers.get("X-Api-User"), request.headers.get("X-Api-Key")) != (user, password):
        return as_json(401, {"error": "forbidden"})
    if request.content["subdomain"] != subdomain or len(request.content["txt"]) != 43:
        return as_json(400, {"error": "bad_txt"})
    key = f"{subdomain}.auth.example.org", "TXT"
    records[key] = [request.content["txt"], *records.get(key, [])][:2]
    return as_json(200, {"txt": request.content["txt"]})


def busy(_: Request, __: Texts) -> Answer:
    return Answer(429, b"slow down", {"Retry-After": "3600"})


def junk(_: Request, __: Texts) -> Answer:
    return Answer(200, b"\x00\xff<html>" * 3)


def broken(_: Request, __: Texts) -> Answer:
    return Answer(500, b"{}")


def deep(_: Request, __: Texts) -> Answer:
    return Answer(200, b"[" * 100_000)


class ProviderApi:
    """One API on a port of 127.0.0.1. `requests` are those that came; `api` may be replaced while it runs."""

    def __init__(self, api: Api, folder: Path) -> None:
        self.api = api
        self.records: Texts = defaultdict(list)
        self.requests: list[Request] = []
        self.ending = threading.Event()
        authority = Authority()
        leaf = authority.intermediate.sign("api", names=["localhost"], addresses=["127.0.0.1"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf.write_chain(folder / "api.pem", authority.intermediate))
        self.roots_pem = authority.root.pem.decode()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = _Quiet(("127.0.0.1", 0), handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["ProviderApi"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self.ending.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def hang(self, request: Request, records: Texts) -> Answer:
        """As long as the test lasts."""
        self.ending.wait(60)
        return Answer(200, b"OK")


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever refuses our certificate, or does not wait, is what a test wants."""


class _Handler(BaseHTTPRequestHandler):
    owner: ClassVar[ProviderApi]
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        request = Request(self.command, parts.path, query, dict(self.headers), json.loads(body) if body else None)
        self.owner.requests.append(request)
        answer = self.owner.api(request, self.owner.records)
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body)), "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.close_connection = True

    do_HEAD = do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = _answer  # noqa: N815 - as http.server calls them

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server calls it
        pass
