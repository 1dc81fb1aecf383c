import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.host.lossy_output import LossyOutput, reopen_unblocked, unblock_pipe

LEAST_PIPE_OCTETS = 4096


@dataclass
class Piped:
    reading: int
    writing: int
    output: LossyOutput

    def read(self) -> str:
        """All that is in the pipe now."""
        text = b""
        os.set_blocking(self.reading, False)
        try:
            while octets := os.read(self.reading, 65536):
                text += octets
        except BlockingIOError:
            pass
        return text.decode()


@pytest.fixture
def piped() -> Iterator[Piped]:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, LEAST_PIPE_OCTETS)
    unblock_pipe(writing)
    yield Piped(reading, writing, LossyOutput(writing, lambda lost: f"lost {lost}\n"))
    os.close(reading)
    os.close(writing)


def test_what_there_is_room_for_is_written(piped: Piped) -> None:
    piped.output.write("one\ntwo\n")
    piped.output.tell()
    assert piped.read() == "one\ntwo\n"


def test_lines_without_room_are_lost_at_once_and_counted_once_there_is_some(piped: Piped) -> None:
    for number in range(100):
        piped.output.write(f"{number:99}\n")
    first = piped.read().splitlines()
    piped.output.tell()
    piped.output.tell()
    piped.output.write("more\n")
    assert len(first) == LEAST_PIPE_OCTETS // 100
    assert piped.read() == f"lost {100 - len(first)}\nmore\n"


def test_the_count_comes_before_the_next_line_if_nobody_told_it_earlier(piped: Piped) -> None:
    piped.output.write("x" * LEAST_PIPE_OCTETS + "\n")
    piped.output.write("lost\n")
    piped.read()
    piped.output.write("after\n")
    assert piped.read().endswith("\nlost 1\nafter\n")


def test_a_line_that_went_out_in_part_is_ended_before_anything_else(piped: Piped) -> None:
    long = "x" * (3 * LEAST_PIPE_OCTETS) + "\n"
    piped.output.write(long)
    piped.output.write("lost\n")
    text = ""
    while "lost 1" not in text:
        text += piped.read()
        piped.output.tell()
    assert text == f"{long}lost 1\n"


def test_many_lines_are_written_in_pieces_that_no_other_process_can_come_between(piped: Piped) -> None:
    lines = [f"{number:2000}\n" for number in range(5)]
    piped.output.write("".join(lines))
    assert piped.read() == "".join(lines[:2])  # and no part of the third


def test_a_full_disk_loses_lines_and_the_next_are_written(tmp_path: Path) -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    output = LossyOutput(descriptor, lambda lost: f"lost {lost}\n")
    output.write("one\ntwo\n")
    with (tmp_path / "log").open("wb") as log:
        os.dup2(log.fileno(), descriptor)
    output.write("three\n")
    os.close(descriptor)
    assert (tmp_path / "log").read_text() == "lost 2\nthree\n"


def test_whoever_is_patient_waits_for_a_slow_reader_and_not_for_one_who_has_gone(piped: Piped) -> None:
    patient = LossyOutput(piped.writing, lambda lost: f"lost {lost}\n", patience_s=0.3)
    code = f"import os, time; time.sleep(0.1); os.read({piped.reading}, {LEAST_PIPE_OCTETS})"
    patient.write("x" * (LEAST_PIPE_OCTETS - 1) + "\n")
    with subprocess.Popen([sys.executable, "-c", code], pass_fds=[piped.reading]):
        patient.write("in time\n")
    assert piped.read() == "in time\n"
    patient.write("x" * (LEAST_PIPE_OCTETS - 1) + "\n")
    begun_s = time.monotonic()
    for _ in range(1000):
        patient.write("too late\n")
    assert time.monotonic() - begun_s < 1


def test_an_output_of_ones_own_does_not_block_and_leaves_that_of_others_as_it_is() -> None:
    reading, writing = os.pipe()
    given = os.dup(writing)
    reopen_unblocked(given)
    assert os.get_blocking(writing)
    assert not os.get_blocking(given)
    os.write(given, b"here")
    assert os.read(reading, 10) == b"here"
    for descriptor in (reading, writing, given):
        os.close(descriptor)


def test_what_is_no_pipe_is_left_as_it_is(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        unblock_pipe(log.fileno())
        assert os.get_blocking(log.fileno())
