"""Why names do not resolve: when upkeep looks, and what it leaves word of."""

import json
from dataclasses import replace
from pathlib import Path

from app.config import forwarding
from app.config.settings import Resolver, Settings
from app.programs import closer_look, paths
from app.programs.findings_log import Findings
from app.programs.look_wanted import LookWanted
from tests.appliance import free_ports
from tests.fakes.forwarder import forwarding as serving
from tests.programs.test_status import BOX
from tests.unbound.test_cause import NOW, signed


def house(folder: Path, *forwarders: str, mode: str = "forward") -> Settings:
    for name in ("public", "dot"):
        (folder / name).mkdir()
    asked = tuple(forwarding.forwarder(each) for each in forwarders)
    settings = Settings(run_dir=folder, resolver=Resolver(mode=mode, forward=asked))
    paths.enrolment(settings).write_text(
        replace(BOX, resolver="forward" if mode == "forward" else "recursive").to_json()
    )
    return settings


def found(settings: Settings) -> dict[str, object]:
    return dict(json.loads(paths.closer_look(settings).read_text()))


def test_the_cause_is_left_for_the_front_door(tmp_path: Path) -> None:
    settings = house(tmp_path, f"127.0.0.1@{free_ports(1)[0]}")
    assert closer_look.look(settings, LookWanted((1, 2, 3), None)) == Findings()
    assert (found(settings)["kind"], found(settings)["about"]) == ("forwarder_silent", "127.0.0.1")


def test_a_wish_is_answered_once(tmp_path: Path) -> None:
    with serving(signed(NOW)) as forwarder:
        settings = house(tmp_path, forwarder.setting)
        closer_look.look(settings, LookWanted((1, 2, 3), 7))
        before, asked = found(settings), len(forwarder.seen)
        assert before["kind"] == "well"
        closer_look.look(settings, LookWanted((1, 2, 3), 8))
        assert (found(settings), len(forwarder.seen)) == (before, asked)
        closer_look.look(settings, LookWanted((4, 5, 6), 8))
        assert len(forwarder.seen) > asked


def test_as_long_as_there_is_a_remark_it_is_looked_at_again(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    with serving(signed(NOW)) as forwarder:
        settings = house(tmp_path, forwarder.setting, f"127.0.0.1@{port}")
        closer_look.look(settings, LookWanted((1, 2, 3), 7))
        assert found(settings)["remark"] == "the forwarder 127.0.0.1 does not answer, another one does"
        path = paths.closer_look(settings)
        path.write_text(json.dumps(found(settings) | {"begun_s": 0}))
        with serving(signed(NOW), ("127.0.0.1", port)):
            closer_look.look(settings, LookWanted((1, 2, 3), 8))
        assert found(settings)["remark"] == ""


def test_where_unbound_is_not_there_nothing_looks_odd(tmp_path: Path) -> None:
    settings = house(tmp_path, "192.0.2.1", "192.0.2.2", mode="auto")
    assert closer_look.look(settings, LookWanted(None, 7)) == Findings()
    assert not paths.closer_look(settings).exists()
