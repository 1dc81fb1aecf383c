"""A list is refreshed from a real server or a file: what is good takes the old one's place, what is not does not."""

import errno
import fcntl
import gzip
import os
import re
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import ListError, ListSizeError, NoRoomError
from app.lists import job as jobs
from app.lists.blocklist import Blocklist
from app.lists.compile import Rules, compile_list
from app.lists.contract import Job, Outcome
from app.lists.formats import NAMES
from app.lists.job import refresh
from app.lists.layout import Header
from app.lists.names import key_of
from app.lists.parsed import Parsed
from app.lists.paths import compile_lock, compiled
from app.lists.suffixes import Suffixes
from tests.fakes.list_server import ListServer, http

DEADLINE_S = 30.0
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
MANY = "! Title: Many\n" + "".join(f"n{index}.example\n" for index in range(100))


def do(job: Job, free_octets: int | None = None) -> Outcome:
    return refresh(job, lambda: 1, CA_BUNDLE, free_octets=lambda: free_octets)


def names(folder: Path) -> list[str]:
    """What lies there, but for the lock."""
    return [path.name for path in folder.iterdir() if path != compile_lock(folder)]


def test_a_download_is_compiled_and_reported(tmp_path: Path) -> None:
    text = "! Title: Mine\nads.example.com\n||x.example^\n@@||y.x.example^\n||z.example/path\njunk\n"
    with ListServer(lambda _: http(text.encode(), 'ETag: "1"', "Last-Modified: now")) as server:
        job = Job(server.url(), str(tmp_path))
        outcome = do(job)
    left_out = ("1 rule needs what a DNS server cannot see: a path, like '||z.example/path'",)
    few = "fewer than 1000 such names tell nothing"
    told = Outcome(True, "Mine", 2, 1, 1, 1, ("junk",), '"1"', "now", left_out=left_out, reach="exact", reach_why=few)
    assert outcome == told
    blocklist = Blocklist(compiled(tmp_path, job.source))
    assert blocklist.covering(key_of("www.x.example")) == "x.example"
    assert blocklist.covering(key_of("www.ads.example.com")) is None
    assert (blocklist.title, blocklist.header.source) == ("Mine", job.source)
    assert names(tmp_path) == [compiled(tmp_path, job.source).name]


CDN = "edgesuite.net\n0.0.0.0 host.example\n||covered.example^\n"
WIDE = "".join(f"n{index}.example\n" for index in range(1000))
NARROW = "".join(f"n{index}.example\nwww.n{index}.example\n" for index in range(1000))


@pytest.mark.parametrize(
    ("before", "text", "reach", "is_blocked"),
    [
        ("", CDN, "exact", False),  # too few names to tell
        ("", CDN + NARROW, "exact", False),
        ("", CDN + WIDE, "wildcard", True),
        ("exact:", CDN + WIDE, "exact", False),
        ("wildcard:", CDN, "wildcard", True),
        ("", CDN.replace("edgesuite.net", "*.edgesuite.net"), "", True),  # it has no plain name
    ],
)
def test_plain_names_are_for_what_the_list_is_made_for(
    tmp_path: Path, before: str, text: str, reach: str, *, is_blocked: bool
) -> None:
    """Every bank of a network for delivery leads there."""
    (tmp_path / "list.txt").write_text(text)
    job = Job(f"{before}{tmp_path}/list.txt", str(tmp_path))
    assert do(job).reach == reach
    covering = Blocklist(compiled(tmp_path, job.source)).covering
    assert covering(key_of("edgesuite.net")) == "edgesuite.net"
    assert (covering(key_of("bank.edgesuite.net")) is not None) is is_blocked
    # What says itself what it is for stays what it is.
    assert covering(key_of("www.host.example")) is None
    assert covering(key_of("www.covered.example")) == "covered.example"


@pytest.mark.parametrize(("before", "names", "left_out"), [("", 1, 2), ("tlds:", 3, 0)])
def test_rules_above_what_people_register_count_in_lists_that_are_named_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, names: int, left_out: int
) -> None:
    monkeypatch.setattr(jobs, "published", lambda: Suffixes(["co.uk"]))
    (tmp_path / "list.txt").write_text("||zip^\n||co.uk^\n||bad.co.uk^\n")
    outcome = do(Job(f"{before}{tmp_path}/list.txt", str(tmp_path)))
    assert (outcome.names, outcome.top_level) == (names, left_out)
    assert outcome.top_level_examples == (() if before else ("zip", "co.uk"))


@pytest.mark.parametrize("text", ["ads.example.com\n", "# nothing\n", "Not found, dear\n"])
def test_a_check_says_what_is_read_and_writes_nothing(tmp_path: Path, text: str) -> None:
    with ListServer(lambda _: http(text.encode())) as server:
        outcome = do(Job(server.url(), str(tmp_path), is_check=True))
    assert outcome.names == text.count("ads.")
    assert outcome.junk == text.count("Not found")
    assert names(tmp_path) == []


def test_a_list_without_a_title_is_called_like_its_file(tmp_path: Path) -> None:
    with ListServer(lambda _: http(b"ads.example.com")) as server:
        assert do(Job(server.url("/a/pro.txt"), str(tmp_path))).title == "pro.txt"


def test_gzip_is_unpacked(tmp_path: Path) -> None:
    with ListServer(lambda _: http(gzip.compress(MANY.encode()), "Content-Encoding: gzip")) as server:
        assert do(Job(server.url(), str(tmp_path))).names == 100


def test_an_unchanged_list_is_left_as_it_is(tmp_path: Path) -> None:
    with ListServer(lambda _: [b"HTTP/1.1 304 Not Modified\r\n\r\n"]) as server:
        assert do(Job(server.url(), str(tmp_path), names=5, etag='"1"')) == Outcome(is_new=False)
    assert names(tmp_path) == []


def bomb() -> bytes:
    packer = zlib.compressobj(wbits=31)
    return b"".join([*(packer.compress(b" " * 999_999 + b"\n") for _ in range(330)), packer.flush()])


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (lambda: http(b"", status="404 Not Found"), "404 Not Found"),
        (lambda: http(b"", status="500 Internal Server Error"), "500"),
        (lambda: http(b"<html>ads.example.com"), "web page"),
        (lambda: http(MANY.encode(), "Content-Type: text/html"), "web page"),
        (lambda: http(MANY.encode(), length=100_000), "ends in the middle"),
        (lambda: http(gzip.compress(MANY.encode())[:-20]), "ends in the middle"),
        (lambda: http(bomb()), "longer than 320 MB"),
        (lambda: http(b""), "is empty; if that is meant, say `homedot lists accept`"),
        (lambda: http(b"# nothing\n"), "is empty"),
        (lambda: http(b"Not found, dear\n"), f"1 lines, like 'not found, dear'; it must be {re.escape(NAMES)}"),
        (
            lambda: http(b"ipset=/a.example/ads\nipset=/b.example/ads\n"),
            f"no name in its 2 lines; it must be {re.escape(NAMES)}",
        ),
        (lambda: http(b"only.example\n"), "has shrunk from 100 names to 1; if that is meant, say `homedot"),
    ],
    ids=[
        "404",
        "500",
        "html",
        "called html",
        "half",
        "half gzip",
        "bomb",
        "empty",
        "comments",
        "prose",
        "dnsmasq",
        "shrunk",
    ],
)
def test_a_bad_download_leaves_the_old_list(tmp_path: Path, answer: Callable[[], list[bytes]], fault: str) -> None:
    with ListServer(lambda _: http(MANY.encode())) as server:
        job = Job(server.url(), str(tmp_path))
        outcome = do(job)
        before = compiled(tmp_path, job.source).read_bytes()
        server.answer = lambda _: answer()
        with pytest.raises(ListError, match=fault):
            do(replace(job, names=outcome.names))
    assert compiled(tmp_path, job.source).read_bytes() == before
    assert len(names(tmp_path)) == 1


@pytest.mark.parametrize(("text", "is_for_size"), [("", True), ("only.example", True), ("Not found, dear", False)])
def test_only_the_size_is_a_matter_of_the_operators_word(tmp_path: Path, text: str, *, is_for_size: bool) -> None:
    with ListServer(lambda _: http(text.encode())) as server:
        job = Job(server.url(), str(tmp_path), names=100)
        with pytest.raises(ListError) as told:
            do(job)
        assert isinstance(told.value, ListSizeError) is is_for_size
        accepted = replace(job, takes_any_size=True)
        if is_for_size:
            assert do(accepted).names == len(text.split())
        else:
            with pytest.raises(ListError, match="no name in its 1 lines"):
                do(accepted)


def test_a_list_that_was_accepted_empty_may_stay_so(tmp_path: Path) -> None:
    with ListServer(lambda _: http(b"# nothing yet\n")) as server:
        job = Job(server.url(), str(tmp_path))
        outcome = do(replace(job, takes_any_size=True))
        assert Blocklist(compiled(tmp_path, server.url())).covering(key_of("a.example")) is None
        assert do(replace(job, names=outcome.names)).names == 0


def test_a_list_may_have_exceptions_only(tmp_path: Path) -> None:
    with ListServer(lambda _: http(b"@@||good.example^\n")) as server:
        outcome = do(Job(server.url(), str(tmp_path)))
        assert (outcome.names, outcome.exceptions) == (0, 1)
        assert Blocklist(compiled(tmp_path, server.url())).covering(key_of("good.example")) is None
        with pytest.raises(ListSizeError, match="has shrunk from 100 names to 0"):
            do(Job(server.url(), str(tmp_path), names=100))


@pytest.mark.parametrize(
    ("text", "fault"),
    [("", "is empty"), ("! nothing", "is empty"), ("@@||good.example^", "from 40 exceptions to 1"), (MANY, "to 0")],
)
def test_exceptions_are_not_lost_either_by_a_bad_download(tmp_path: Path, text: str, fault: str) -> None:
    """Or the names that an allow list is there for would be blocked."""
    with ListServer(lambda _: http(text.encode())) as server:
        job = Job(server.url(), str(tmp_path), names=0, exceptions=40)
        with pytest.raises(ListSizeError, match=fault):
            do(job)
        assert do(replace(job, takes_any_size=True)).is_new


def test_a_list_may_shrink_somewhat(tmp_path: Path) -> None:
    with ListServer(lambda _: http(MANY.encode())) as server:
        assert do(Job(server.url(), str(tmp_path), names=900)).names == 100


def test_a_full_disk_leaves_the_old_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source.txt"
    folder = tmp_path / "lists"
    folder.mkdir()
    source.write_text("a.example")
    job = Job(str(source), str(folder))
    do(job)
    before = compiled(folder, job.source).read_bytes()
    source.write_text("b.example")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ListError, match="cannot be written: No space left on device"):
        do(job)
    assert compiled(folder, job.source).read_bytes() == before
    assert len(names(folder)) == 1


HOLDING = """
import fcntl, sys, time
lock = open(sys.argv[1], "wb")
fcntl.flock(lock, fcntl.LOCK_EX)
print(flush=True)
time.sleep(600)
"""
FILLING = """
import sys
from pathlib import Path
from app.lists.contract import Job
from app.lists.job import refresh
source, folder = sys.argv[1:]
print(refresh(Job(source, folder), lambda: 1, Path("/etc/ssl/certs/ca-certificates.crt")).names)
before = {path: path.read_bytes() for path in Path(folder).iterdir()}
try:
    refresh(Job(source, folder), lambda: 1, Path("/etc/ssl/certs/ca-certificates.crt"))
except Exception as error:
    print(repr(error))
print(before == {path: path.read_bytes() for path in Path(folder).iterdir()})
"""


@pytest.mark.server
@pytest.mark.parametrize("octets", [1_500_000, 2_500_000], ids=["compiled list", "its numbers"])
def test_a_disk_that_is_really_full_leaves_the_old_list_and_nothing_else(tmp_path: Path, octets: int) -> None:
    many = b"".join(b"%x.example\n" % (index * 0x9E3779B97F4A7C15 % (1 << 64)) for index in range(octets // 25))
    answers = [http(b"a.example\n"), http(many)]
    with ListServer(lambda _: answers.pop(0)) as server:
        small_disk = f'mount -t tmpfs -o size=256k none {tmp_path} && exec "$@"'
        command = ["unshare", "-rm", "sh", "-ec", small_disk, "sh", sys.executable, "-c", FILLING]
        ended = subprocess.run([*command, server.url(), str(tmp_path)], stdout=subprocess.PIPE, text=True, check=True)
    names, fault, is_unchanged = ended.stdout.splitlines()
    assert (names, is_unchanged) == ("1", "True")
    assert fault == f"ListError('{tmp_path}: cannot be written: No space left on device')"


@contextmanager
def having_the_turn(folder: Path) -> Iterator[None]:
    with compile_lock(folder).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def until_somebody_waits_for(lock: Path) -> None:
    deadline = time.monotonic() + DEADLINE_S
    inode = f":{lock.stat().st_ino} "
    while not any("->" in line and inode in line for line in Path("/proc/locks").read_text().splitlines()):
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.01)  # the kernel tells nobody who waits


def test_lists_are_downloaded_at_the_same_time_and_compiled_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_ask = threading.Barrier(2)
    compiling: list[str] = []

    def answer(_: bytes) -> list[bytes]:
        both_ask.wait(DEADLINE_S)
        return http(MANY.encode())

    def alone(rules: Rules, source: str, title: str, parsed: Parsed) -> tuple[Header, bytes]:
        compiling.append(source)
        if len(compiling) == 1:
            until_somebody_waits_for(compile_lock(tmp_path))
        assert compiling[-1] == source, "another one has begun"
        return compile_list(rules, source, title, parsed)

    monkeypatch.setattr(jobs, "compile_list", alone)
    with ListServer(answer) as server, ThreadPoolExecutor() as threads:
        sources = [server.url("/a.txt"), server.url("/b.txt")]
        outcomes = list(threads.map(do, (Job(source, str(tmp_path)) for source in sources)))
    assert [outcome.names for outcome in outcomes] == [100, 100]
    assert sorted(compiling) == sorted(sources)


def test_what_needs_no_compiling_waits_for_nobody(tmp_path: Path) -> None:
    with having_the_turn(tmp_path):
        with ListServer(lambda _: [b"HTTP/1.1 304 Not Modified\r\n\r\n"]) as server:
            assert not do(Job(server.url(), str(tmp_path), names=5, etag='"1"')).is_new
        with ListServer(lambda _: http(b"<html>")) as server, pytest.raises(ListError, match="web page"):
            do(Job(server.url(), str(tmp_path)))


def test_a_compiler_that_is_killed_gives_the_turn_on(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDING, str(compile_lock(tmp_path))]
    source = tmp_path / "source.txt"
    source.write_text("a.example")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other, ThreadPoolExecutor() as threads:
        try:
            assert other.stdout is not None
            other.stdout.readline()
            done = threads.submit(do, Job(str(source), str(tmp_path)))
            until_somebody_waits_for(compile_lock(tmp_path))
        finally:
            other.kill()
        assert done.result(DEADLINE_S).names == 1


NONE_LEFT = -(1 << 40)
"""Octets: far below what any process that runs this test has itself."""


def test_what_was_downloaded_is_not_downloaded_again_when_there_was_no_memory(tmp_path: Path) -> None:
    with ListServer(lambda _: http(MANY.encode(), 'ETag: "7"')) as server:
        job = Job(server.url(), str(tmp_path))
        with pytest.raises(NoRoomError, match="needs 30 MB of memory to compile its 100 names"):
            do(job, free_octets=NONE_LEFT)
        outcome = do(job)
        assert (outcome.names, outcome.etag, len(server.requests)) == (100, '"7"', 1)
        assert names(tmp_path) == [compiled(tmp_path, job.source).name]
        do(job)
        assert len(server.requests) == 2


def test_a_check_neither_uses_nor_takes_away_what_was_downloaded_for_the_list(tmp_path: Path) -> None:
    with ListServer(lambda _: http(MANY.encode())) as server:
        with pytest.raises(NoRoomError):
            do(Job(server.url(), str(tmp_path), is_check=True), free_octets=NONE_LEFT)
        assert names(tmp_path) == []
        with pytest.raises(NoRoomError):
            do(Job(server.url(), str(tmp_path)), free_octets=NONE_LEFT)
        kept = names(tmp_path)
        assert do(Job(server.url(), str(tmp_path), is_check=True)).names == 100
        assert (len(kept), names(tmp_path), len(server.requests)) == (1, kept, 3)


def test_a_download_has_no_name_that_could_be_left_behind(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def answer(_: bytes) -> Iterator[bytes]:
        (whole,) = http(MANY.encode())
        yield whole[:-1]
        seen.append(names(tmp_path))
        yield whole[-1:]

    with ListServer(answer) as server:
        do(Job(server.url(), str(tmp_path)))
    assert seen == [[]]


@pytest.mark.parametrize("text", ["", "# nothing\n", "only.example\n"])
def test_a_file_may_hold_what_its_owner_wants(tmp_path: Path, text: str) -> None:
    source = tmp_path / "source.txt"
    source.write_text(text)
    os.utime(source, (0, 0))
    assert do(Job(str(source), str(tmp_path), names=1000)).is_new


@pytest.mark.parametrize("text", ["", "half of a na", "only.example\n"])
def test_a_file_that_lost_its_names_this_moment_is_being_written(tmp_path: Path, text: str) -> None:
    """By a script that does not rename: for seconds it would block nothing."""
    source = tmp_path / "source.txt"
    source.write_text(text)
    with pytest.raises(ListError, match=r"has shrunk from 1000 names to [01], and was written this minute"):
        do(Job(str(source), str(tmp_path), names=1000))
    with pytest.raises(ListError, match="has shrunk from 40 exceptions to 0, and was written this minute"):
        do(Job(str(source), str(tmp_path), names=0, exceptions=40))
    assert do(Job(str(source), str(tmp_path))).is_new


def test_a_file_may_be_packed(tmp_path: Path) -> None:
    source = tmp_path / "source.gz"
    source.write_bytes(gzip.compress(MANY.encode()))
    assert do(Job(str(source), str(tmp_path))).names == 100


@pytest.mark.parametrize(("kind", "fault"), [("missing", "No such file"), ("folder", "not a file"), ("pipe", "not a")])
def test_a_file_that_is_none_is_told(tmp_path: Path, kind: str, fault: str) -> None:
    source = tmp_path / "source"
    if kind == "folder":
        source.mkdir()
    elif kind == "pipe":
        os.mkfifo(source)
    with pytest.raises(ListError, match=fault):
        do(Job(str(source), str(tmp_path)))


@pytest.mark.parametrize("place", ["turn", "list"])
@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_lies_where_our_files_belong_is_not_waited_for_and_told_by_its_name(
    tmp_path: Path, place: str, kind: str
) -> None:
    source = tmp_path / "source.txt"
    source.write_text(MANY)
    job = Job(str(source), str(tmp_path))
    path = compile_lock(tmp_path) if place == "turn" else compiled(tmp_path, job.source)
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("nowhere")
    else:
        os.mkfifo(path)
    if kind == "pipe" or (place, kind) == ("list", "link"):
        assert do(job).names == 100
    else:
        with pytest.raises(ListError, match=f"{re.escape(str(path))}: cannot be written: .*: move it away"):
            do(job)


def test_a_bundle_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"resolver\.ca_bundle: .*: No such file"):
        refresh(Job("https://127.0.0.1/", str(tmp_path)), lambda: 1, tmp_path / "none.pem")


def test_most_lists_are_far_below_the_limit() -> None:
    assert jobs.MOST_OCTETS > 4_000_000 * 25
