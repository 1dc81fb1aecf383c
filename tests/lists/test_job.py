"""A list is refreshed from a real server or a file: what is good takes the old one's place, what is not does not."""

import errno
import gzip
import os
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import ListError
from app.lists import job as jobs
from app.lists.contract import Job, Outcome
from app.lists.job import refresh
from app.lists.names import key_of
from app.lists.places import compiled
from app.lists.trie import Blocklist
from tests.fakes.list_server import ListServer, http

CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
MANY = "! Title: Many\n" + "".join(f"n{index}.example\n" for index in range(100))


def do(job: Job) -> Outcome:
    return refresh(job, 1, CA_BUNDLE)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_download_is_compiled_and_reported(tmp_path: Path) -> None:
    text = "! Title: Mine\nads.example.com\n||x.example^\n@@||y.x.example^\n/regex/\njunk\n"
    with ListServer(lambda _: http(text.encode(), 'ETag: "1"', "Last-Modified: now")) as server:
        job = Job(server.url(), str(tmp_path))
        outcome = do(job)
    assert outcome == Outcome(True, "Mine", 2, 1, 1, 1, ("junk",), '"1"', "now")
    blocklist = Blocklist(compiled(tmp_path, job.source))
    assert blocklist.covering(key_of("www.ads.example.com")) == "ads.example.com"
    assert (blocklist.title, blocklist.header.source) == ("Mine", job.source)
    assert names(tmp_path) == [compiled(tmp_path, job.source).name]


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
    return b"".join([*(packer.compress(b" " * 999_999 + b"\n") for _ in range(130)), packer.flush()])


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (lambda: http(b"", status="404 Not Found"), "404 Not Found"),
        (lambda: http(b"", status="500 Internal Server Error"), "500"),
        (lambda: http(b"<html>ads.example.com"), "web page"),
        (lambda: http(MANY.encode(), "Content-Type: text/html"), "web page"),
        (lambda: http(MANY.encode(), length=100_000), "ends in the middle"),
        (lambda: http(gzip.compress(MANY.encode())[:-20]), "ends in the middle"),
        (lambda: http(bomb()), "longer than 128 MB"),
        (lambda: http(b""), "is empty"),
        (lambda: http(b"# nothing\n"), "is empty"),
        (lambda: http(b"Not found, dear\n"), "no name in its 1 lines, like 'not found, dear'"),
        (lambda: http(b"/regex/\n/regex/\n"), "no name in its 2 lines$"),
        (lambda: http(b"only.example\n"), "has shrunk from 100 names to 1; if that is right, remove /"),
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
        "regex",
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


@pytest.mark.parametrize("text", ["", "# nothing\n", "only.example\n"])
def test_a_file_may_hold_what_its_owner_wants(tmp_path: Path, text: str) -> None:
    source = tmp_path / "source.txt"
    source.write_text(text)
    assert do(Job(str(source), str(tmp_path), names=1000)).is_new


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


def test_a_bundle_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"resolver\.ca_bundle: .*: No such file"):
        refresh(Job("https://127.0.0.1/", str(tmp_path)), 1, tmp_path / "none.pem")


def test_most_lists_are_far_below_the_limit() -> None:
    assert jobs.MOST_OCTETS > 4_000_000 * 25
