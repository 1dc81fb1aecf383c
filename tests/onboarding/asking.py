"""The application as a browser sees it, with what it asks of others made up."""

import asyncio
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from typing import Any

import httpx

from app.errors import OperatorError
from app.onboarding import web
from app.onboarding.blocking import BlockingState, Found, Listed
from app.onboarding.budget import Budget
from app.onboarding.enrolment import Enrolment
from app.onboarding.vitals import Health

BASE = "http://192.168.1.10:8853"
CLIENT = "192.168.1.23"
NONCE = "0a" * 17
WELL = Health("Well: names are answered, checked with DNSSEC, since 12:00", is_well=True, is_unwell=False)
ILL = Health("Does not answer: nobody is there, since 12:00", is_well=False, is_unwell=True)
UNKNOWN = Health("Cannot tell yet", is_well=False, is_unwell=False)
TOKEN = "k7wm-3xqa-p5tn-2d6e"  # noqa: S105 - of a box that is made up
SEEN: dict[str, Any] = {
    "client": CLIENT,
    "transport": "tls",
    "version": "TLSv1.3",
    "cipher": "TLS_AES_256_GCM_SHA384",
    "alpn": None,
    "resumed": False,
}


class FrontDoor:
    """What the page asks of the front door: `arrivals` by nonce; without `answers` it is not there."""

    def __init__(
        self,
        *,
        answers: bool = True,
        arrivals: Mapping[str, Mapping[str, Any]] | None = None,
        health: Health | None = None,
    ) -> None:
        self.answers = answers
        self.arrivals = arrivals or {}
        self.health = health or (WELL if answers else ILL)

    async def devices(self) -> int | None:
        return 3 if self.answers else None

    async def condition(self) -> Health:
        return self.health

    async def status(self) -> Mapping[str, Any]:
        return {"schema": 1, "answers": self.answers}

    async def new(self) -> str:
        self._fail_if_silent()
        return NONCE

    async def look(self, nonce: str) -> Mapping[str, Any] | None:
        self._fail_if_silent()
        return self.arrivals.get(nonce)

    def _fail_if_silent(self) -> None:
        if not self.answers:
            raise OperatorError("the front door does not answer")


class Blocker:
    """Blocking as it runs: `told` is what it was told; without `answers` the front door is not there."""

    def __init__(self, state: BlockingState | None = None, token: str | None = TOKEN, *, answers: bool = True) -> None:
        self._state = state or BlockingState(
            True, 0, (Listed("https://lists.example/a.txt", ("A, 2 names",), False),), "2 names on 1 list"
        )
        self._token = token
        self._answers = answers
        self.told: list[str] = []

    async def state(self) -> BlockingState:
        return self._state

    async def reason(self, name: str) -> Found:
        self._tell(f"why {name}")
        kind, says = ("listed", "blocked: ads.example is on the list A") if "ads" in name else ("passed", "not blocked")
        remedy = (f"To have {name} otherwise:", f'blocking:\n  other:\n    - "{name}"')
        return Found(kind, "ads.example", f"{name}: {says}", ("blocking is paused until 18:00:00 UTC",), remedy)

    async def pause(self, seconds: int) -> None:
        self._tell(f"pause {seconds}")

    async def resume(self) -> None:
        self._tell("resume")

    def token(self) -> str | None:
        return self._token

    def _tell(self, line: str) -> None:
        if not self._answers:
            raise OperatorError("the front door does not answer")
        self.told.append(line)


def ask(enrolment: Enrolment, path: str, method: str = "GET", **more: Any) -> httpx.Response:
    """`more` is that of `ask_application`."""
    return ask_application(lambda: enrolment, path, method, **more)


def ask_application(
    read_enrolment: Any,
    path: str,
    method: str = "GET",
    host: str | None = None,
    *,
    healthy: bool = True,
    front: FrontDoor | None = None,
    user_agent: str = "",
    signed: Callable[[bytes], bytes] = bytes,
    blocker: Blocker | None = None,
    form: Mapping[str, str] | None = None,
    content: bytes | None = None,
    content_type: str | None = None,
) -> httpx.Response:
    headers = {"User-Agent": user_agent} | ({} if host is None else {"Host": host})
    headers |= {} if content_type is None else {"Content-Type": content_type}

    async def run() -> httpx.Response:
        app = application(read_enrolment, front or FrontDoor(), signed, blocker, healthy=healthy)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(CLIENT, 40000))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.request(method, path, headers=headers, data=form, content=content)

    return asyncio.run(run())


def application(
    read_enrolment: Any,
    front: FrontDoor,
    signed: Callable[[bytes], bytes] = bytes,
    blocker: Blocker | None = None,
    budget: Budget | None = None,
    *,
    healthy: bool = True,
) -> Any:
    async def health() -> bool:
        return healthy

    async def metrics() -> str:
        return "# TYPE homedot_connections gauge\nhomedot_connections 1\n"

    def no_report(_: Callable[[], bool]) -> None:
        """As long as the doctor is at its first."""

    return web.application(
        read_enrolment,
        healthy=health,
        metrics=metrics,
        doctor=no_report,
        signed=signed,
        devices=front.devices,
        condition=front.condition,
        status=front.status,
        self_test=front,
        blocker=blocker or Blocker(),
        budget=budget,
    )


class Page(HTMLParser):
    """The tags, attributes and words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def words(self) -> str:
        return " ".join(self.text.split())

    def values(self, *names: str) -> list[str]:
        return [value for name, value in self.attributes if name in names and value is not None]
