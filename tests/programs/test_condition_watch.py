"""The front door's watch over the state of this box."""

import asyncio
import json
import logging
from pathlib import Path
from time import monotonic

import pytest

from app.answer.evidence import Evidence, MissKind
from app.config import forwarding
from app.config.settings import Resolver, Settings
from app.doctor.condition import ConditionKind
from app.doctor.judgement import OwnAnswer, Sight, Trouble
from app.programs import paths
from app.programs.condition_watch import ConditionWatch, sight

pytestmark = pytest.mark.anyio


class Own:
    """Own questions, whose answers are `answer`."""

    def __init__(self) -> None:
        self.answer = OwnAnswer.PROVEN

    async def ping(self) -> bool:
        return True

    async def ask(self) -> OwnAnswer:
        return self.answer


class House:
    def __init__(self, folder: Path, *, forwards: bool = False) -> None:
        (folder / "dot").mkdir()
        (folder / "public").mkdir()
        resolver = Resolver(forward=(forwarding.forwarder("tls://192.0.2.1#dns.example"),))
        self.settings = Settings(run_dir=folder, resolver=resolver)
        self.evidence, self.own = Evidence(), Own()
        self.watch = ConditionWatch(self.settings, self.evidence, self.own, lambda: forwards)  # type: ignore[arg-type]

    async def until(self, kind: ConditionKind) -> None:
        async with asyncio.timeout(10):
            while self.watch.now().kind is not kind:
                self.watch.tick()
                await asyncio.sleep(0)

    async def until_wished(self) -> None:
        async with asyncio.timeout(10):
            while not paths.look_wish(self.settings).exists():
                self.watch.tick()
                await asyncio.sleep(0)

    def find(self, kind: str, about: str = "", remark: str = "", begun_s: float | None = None) -> None:
        begun_s = monotonic() if begun_s is None else begun_s
        document = {"kind": kind, "about": about, "remark": remark, "begun_s": begun_s}
        paths.closer_look(self.settings).write_text(json.dumps(document))


async def test_at_first_nobody_can_tell(tmp_path: Path) -> None:
    assert House(tmp_path).watch.now().kind is ConditionKind.CANNOT_TELL


async def test_each_change_is_one_line_of_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    house = House(tmp_path)
    await house.until(ConditionKind.WELL)
    for _ in range(10):
        house.watch.tick()
    (line,) = caplog.messages
    assert line.startswith("condition: Well: names are answered, checked with DNSSEC, since ")


async def test_upkeep_is_asked_for_the_cause_and_what_it_says_is_told(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.own.answer = OwnAnswer.NOTHING
    await house.until_wished()
    house.find("no_network", begun_s=monotonic() - 60)  # to a wish of before
    house.watch.tick()
    assert house.watch.now().kind is ConditionKind.CANNOT_TELL
    house.find("forwarder_certificate", "dns.example (expired)")
    await house.until(ConditionKind.FORWARDER_CERTIFICATE)
    assert house.watch.now().sentence.endswith(": dns.example (expired)")


@pytest.mark.parametrize("document", ["", "{}", '{"kind": "odd", "about": "", "remark": "", "begun_s": 1e9}', "[]"])
async def test_nonsense_is_no_cause(tmp_path: Path, document: str) -> None:
    house = House(tmp_path)
    house.own.answer = OwnAnswer.NOTHING
    await house.until_wished()
    paths.closer_look(house.settings).write_text(document)
    house.watch.tick()
    assert house.watch.now().kind is ConditionKind.CANNOT_TELL


async def test_a_remark_needs_no_wish(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.until(ConditionKind.WELL)
    house.find("well", remark="the forwarder b does not answer, another one does")
    house.watch.tick()
    assert house.watch.now().remark == "the forwarder b does not answer, another one does"


@pytest.mark.parametrize(
    ("resolver", "answer", "kind"),
    [
        ("recursive", OwnAnswer.NOTHING, ConditionKind.UNREACHABLE),
        ("recursive", OwnAnswer.BOGUS, ConditionKind.REWRITTEN),
        ("recursive", OwnAnswer.REACHED, ConditionKind.WELL),
        ("forward", OwnAnswer.NOTHING, ConditionKind.FORWARDER_SILENT),
        ("forward", OwnAnswer.BOGUS, ConditionKind.FORWARDER_NOT_VALIDATING),
    ],
)
async def test_without_upkeep_there_is_a_likely_cause(
    tmp_path: Path, resolver: str, answer: OwnAnswer, kind: ConditionKind
) -> None:
    cause = House(tmp_path, forwards=resolver == "forward").watch._fallback(answer)
    assert cause.kind is kind
    assert cause.about == ("dns.example" if resolver == "forward" else "")


async def test_the_judge_sees_what_was_seen() -> None:
    evidence = Evidence()
    row = evidence.row(0)
    row.reached(1.0)
    row.heard(2.0)
    row.missed(3.0, MissKind.BOGUS, b"a", "1")
    row.missed(4.0, MissKind.STALE, b"a", "1")
    number = evidence.seen().misses[0].domain
    assert sight(evidence.seen()) == Sight(
        2.0, 1.0, 0.0, (Trouble(3.0, number, is_bogus=True), Trouble(4.0, number, is_stale=True))
    )
