from collections import defaultdict

from app.publicname.propagation import BLIND_S, MOST_S, wait_until_seen
from app.publicname.resolving import OwnUnbound
from tests.fakes.clock import Clock
from tests.fakes.name_provider import Texts
from tests.fakes.name_server import NameServer

NAME = "_acme-challenge.a.example.org"


def zone(**more: list[str]) -> Texts:
    """One whose server is at 127.0.0.1."""
    records: Texts = defaultdict(list)
    records["example.org", "NS"] = ["ns.example.org."]
    records["ns.example.org", "A"] = ["127.0.0.1"]
    return records


class Sleeps:
    """Sleeping, and what happens meanwhile."""

    def __init__(self, *meanwhile: object) -> None:
        self.clock = Clock()
        self.slept: list[float] = []
        self._meanwhile = list(meanwhile)

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.now_s += seconds
        if self._meanwhile:
            self._meanwhile.pop(0)()  # type: ignore[operator]


def seen(records: Texts, sleeps: Sleeps, *values: str) -> bool:
    with NameServer(records).running() as server:
        unbound = OwnUnbound(server.port)
        return wait_until_seen(NAME, values, unbound, server.port, sleep=sleeps, monotonic=sleeps.clock)


def test_what_is_there_is_seen_at_once() -> None:
    records, sleeps = zone(), Sleeps()
    records[NAME, "TXT"] = ["one", "two"]
    assert seen(records, sleeps, "two", "one")
    assert sleeps.slept == []


def test_what_comes_later_is_waited_for() -> None:
    records = zone()
    sleeps = Sleeps(lambda: None, lambda: records[NAME, "TXT"].append("one"))
    assert seen(records, sleeps, "one")
    assert len(sleeps.slept) == 2


def test_what_never_comes_is_waited_for_two_minutes() -> None:
    sleeps = Sleeps()
    assert not seen(zone(), sleeps, "one")
    assert sum(sleeps.slept) >= MOST_S


def test_where_nobody_can_be_asked_some_seconds_must_do() -> None:
    sleeps = Sleeps()
    assert not seen(defaultdict(list), sleeps, "one")
    assert sleeps.slept == [BLIND_S]


def test_an_alias_leads_to_where_the_text_is() -> None:
    records, sleeps = zone(), Sleeps()
    records[NAME, "CNAME"] = ["sub.auth.example.org."]
    records["sub.auth.example.org", "TXT"] = ["one"]
    assert seen(records, sleeps, "one")
