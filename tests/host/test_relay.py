import logging

import pytest

from app.host.relay import Relay, prioritized, priority

Line = tuple[str, int, str]


class Told:
    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.relay = Relay(lambda program, level, text: self.lines.append((program, level, text)))


@pytest.mark.parametrize("level", [logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG])
def test_a_line_comes_out_with_the_level_that_its_program_gave_it(level: int) -> None:
    told = Told()
    told.relay.read("dot", "stdout", (priority(level) + "one\n" + prioritized(level, "two\nthree")).encode())
    assert told.lines == [("dot", level, "one"), ("dot", level, "two"), ("dot", level, "three")]


def test_what_is_worse_than_an_error_is_one() -> None:
    told = Told()
    told.relay.read("dot", "stdout", prioritized(logging.CRITICAL, "it").encode() + b"<0>burns\n")
    assert told.lines == [("dot", logging.ERROR, "it"), ("dot", logging.ERROR, "burns")]


def test_what_nobody_of_ours_wrote_is_an_error() -> None:
    told = Told()
    told.relay.read("web", "stderr", b"setpriv: no such user\n<9>or so\n")
    assert told.lines == [("web", logging.ERROR, "setpriv: no such user"), ("web", logging.ERROR, "<9>or so")]


def test_lines_are_put_together_for_each_program_and_output() -> None:
    told = Told()
    for program, channel, octets in (
        ("dot", "stdout", b"<6>one l"),
        ("dot", "stderr", b"<6>ano"),
        ("web", "stdout", b"<6>a third"),
        ("dot", "stdout", b"ine\n\n"),
        ("dot", "stderr", b"ther\n"),
    ):
        told.relay.read(program, channel, octets)
    assert told.lines == [("dot", logging.INFO, "one line"), ("dot", logging.INFO, "another")]


def test_what_a_program_leaves_unfinished_is_a_line_when_it_ends() -> None:
    told = Told()
    told.relay.read("dot", "stdout", b"Segmentation f")
    told.relay.end("web")
    assert told.lines == []
    told.relay.end("dot")
    told.relay.end("dot")
    assert told.lines == [("dot", logging.ERROR, "Segmentation f")]


def test_a_line_without_end_takes_no_more_than_some_memory() -> None:
    told = Told()
    for _ in range(40):
        told.relay.read("dot", "stdout", b"x" * 1000)
    assert [len(text) for _, _, text in told.lines] == [17_000, 17_000]


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ("error: can't bind \N{REPLACEMENT CHARACTER}", logging.ERROR),
        ("fatal error: no memory", logging.ERROR),
        ("warning: old", logging.WARNING),
        ("notice: init", logging.INFO),
        ("info: generate keytag query", logging.INFO),
        ("debug: cache", logging.DEBUG),
    ],
)
def test_unbound_has_words_for_its_levels(said: str, level: int) -> None:
    told = Told()
    octets = f"[1795534139] unbound[14325:a] {said}\n".encode().replace("\N{REPLACEMENT CHARACTER}".encode(), b"\xff")
    told.relay.read("unbound", "stdout", octets)
    assert told.lines == [("unbound", level, said)]


def test_that_unbound_starts_and_stops_is_no_news() -> None:
    told = Told()
    told.relay.read("unbound", "stdout", b"[1] unbound[2:0] info: start of service (unbound 1.17.1).\n")
    told.relay.read("unbound", "stdout", b"[1] unbound[2:0] info: service stopped (unbound 1.17.1).\n")
    assert told.lines == []
