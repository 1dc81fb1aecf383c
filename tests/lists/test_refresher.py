"""Which list is refreshed when, and what is known and told about it; the work itself is a function of the test's."""

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from app.errors import ListBusyError, ListError, ListSizeError
from app.files import write_atomically
from app.lists import paths, state
from app.lists.contract import Job, Outcome
from app.lists.refresher import MOST_AT_ONCE, Refresher
from tests.fakes.clock import Clock
from tests.fakes.compiled_list import compiled_list

DAY_S = 86400.0
URL, OTHER = "https://lists.example/a.txt", "https://lists.example/b.txt"


class Worker:
    """Is at work on `job` until `is_done`, and then does what `answer` does."""

    def __init__(self, job: Job, answer: Callable[[Job], Outcome], *, is_done: bool) -> None:
        self.job = job
        self.is_done = is_done
        self.is_ended = False
        self._answer = answer

    def outcome(self) -> Outcome | None:
        return self._answer(self.job) if self.is_done else None

    def end(self) -> None:
        self.is_ended = True


class World:
    """A folder, a clock and workers who do what `answers` says, or compile three names; at once if not `slow`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock(1_700_000_000.0)
        self.jobs: list[Job] = []
        self.answers: dict[str, Callable[[Job], Outcome]] = {}
        self.slow: set[str] = set()
        self.workers: dict[str, Worker] = {}

    def start(self, job: Job) -> Worker:
        self.jobs.append(job)
        answer = self.answers.get(job.source, self.compiles)
        if answer is no_process:
            answer(job)
        self.workers[job.source] = Worker(job, answer, is_done=job.source not in self.slow)
        return self.workers[job.source]

    def compiles(self, job: Job) -> Outcome:
        header, content = compiled_list("a.example\nb.example\nc.example", job.source, "Title")
        write_atomically(paths.compiled(self.folder, job.source), content)
        return Outcome(True, "Title", header.names, etag='"1"', last_modified="now")

    def refresher(self, *sources: str) -> Refresher:
        return Refresher(self.folder, sources, DAY_S, self.start, now=self.clock, draw=lambda: 0.5)

    def known(self, source: str) -> state.ListState:
        return state.load(paths.state(self.folder))[source]

    def done(self) -> list[str]:
        """The sources that were worked on since the last time."""
        sources = [job.source for job in self.jobs]
        self.jobs.clear()
        return sources


def rounds(refresher: Refresher) -> None:
    """One in which work is started and one in which it is taken in."""
    refresher.round()
    refresher.round()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def fails(_: Job) -> Outcome:
    raise ListError("the server answers 404 Not Found")


def is_too_small(job: Job) -> Outcome:
    if job.takes_any_size:
        return Outcome(True, "Title", 1)
    raise ListSizeError("has shrunk from 3 names to 1")


def no_process(_: Job) -> Outcome:
    raise ListError("the program that compiles it cannot be started: Resource temporarily unavailable")


def unchanged(_: Job) -> Outcome:
    return Outcome(is_new=False)


def test_what_is_not_there_is_fetched_at_once_and_again_after_a_day(world: World) -> None:
    refresher = world.refresher(URL, OTHER)
    rounds(refresher)
    assert world.done() == [URL, OTHER]
    for passed_s, due in ((DAY_S - 1, []), (1, [URL, OTHER]), (1, [])):
        world.clock.now_s += passed_s
        rounds(refresher)
        assert world.done() == due


def test_a_restart_fetches_nothing_that_is_there(world: World) -> None:
    rounds(world.refresher(URL))
    world.done()
    rounds(world.refresher(URL))
    assert world.done() == []


def test_the_next_job_carries_what_is_known(world: World) -> None:
    rounds(world.refresher(URL))
    refresher = world.refresher(URL)
    refresher.ask()
    rounds(refresher)
    assert world.jobs[1] == Job(URL, str(world.folder), 3, '"1"', "now")


def test_an_unchanged_list_stays_known(world: World) -> None:
    refresher = world.refresher(URL)
    rounds(refresher)
    updated_s = world.clock.now_s
    world.answers[URL] = unchanged
    world.clock.now_s += DAY_S
    rounds(refresher)
    known = world.known(URL)
    assert (known.names, known.etag, known.updated_s) == (3, '"1"', updated_s)
    assert (known.checked_s, known.next_s) == (updated_s + DAY_S, updated_s + 2 * DAY_S)


def test_a_failing_list_is_tried_again_soon_and_delays_no_other(world: World) -> None:
    world.answers[URL] = fails
    refresher = world.refresher(URL, OTHER)
    rounds(refresher)
    assert world.done() == [URL, OTHER]
    tries_s = []
    for _ in range(3600):
        world.clock.now_s += 1
        rounds(refresher)
        if world.done() == [URL]:
            tries_s.append(int(world.clock.now_s - 1_700_000_000))
    assert tries_s[0] <= 10
    assert 6 <= len(tries_s) <= 10
    assert all(later >= 2 * earlier for earlier, later in pairwise(tries_s))


def test_a_failure_keeps_what_is_known_and_is_told_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    refresher = world.refresher(URL)
    rounds(refresher)
    world.answers[URL] = fails
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            world.clock.now_s += DAY_S
            rounds(refresher)
    known = world.known(URL)
    assert (known.names, known.etag, known.failures) == (3, '"1"', 3)
    assert known.error == "the server answers 404 Not Found"
    assert [record.getMessage() for record in caplog.records] == [
        f"{URL}: the server answers 404 Not Found; still using the 3 names from before"
    ]
    world.answers.clear()
    world.clock.now_s += DAY_S
    rounds(refresher)
    assert (world.known(URL).error, world.known(URL).failures) == ("", 0)


def test_a_first_failure_says_that_there_is_no_list(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.answers[URL] = fails
    rounds(world.refresher(URL))
    assert "there is no list yet" in caplog.text
    assert world.known(URL).title == "a.txt"


def test_a_list_without_names_that_fails_is_used_on_too(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.answers[URL] = lambda _: Outcome(True, "Title", exceptions=12)
    refresher = world.refresher(URL)
    rounds(refresher)
    write_atomically(paths.compiled(world.folder, URL), compiled_list("@@||a.b^", URL, "Title")[1])
    world.answers[URL] = fails
    refresher.ask()
    rounds(refresher)
    assert "still using the 0 names from before" in caplog.text


def test_a_list_that_is_well_again_is_told(world: World, caplog: pytest.LogCaptureFixture) -> None:
    refresher = world.refresher(URL)
    rounds(refresher)
    for answer in (fails, unchanged):
        world.answers[URL] = answer
        refresher.ask()
        with caplog.at_level(logging.INFO):
            rounds(refresher)
    assert "Title: works again, unchanged" in caplog.text


@pytest.mark.parametrize("damage", [b"", b"junk", None])
def test_a_compiled_list_that_is_damaged_or_gone_is_made_anew_at_the_next_start(
    world: World, damage: bytes | None
) -> None:
    rounds(world.refresher(URL))
    path = paths.compiled(world.folder, URL)
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    rounds(world.refresher(URL))
    assert world.jobs[1] == Job(URL, str(world.folder))  # without validators, or the server would say: unchanged


@pytest.mark.parametrize("damage", [b"", b"junk", None])
def test_a_compiled_list_that_is_damaged_or_gone_is_made_anew_at_the_next_look_and_told(
    world: World, damage: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    refresher = world.refresher(URL, OTHER)
    rounds(refresher)
    rounds(refresher)
    assert world.done() == [URL, OTHER]
    path = paths.compiled(world.folder, URL)
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    refresher.round()
    assert world.jobs == [Job(URL, str(world.folder))]  # without validators, or the server would say: unchanged
    refresher.round()
    assert (world.known(URL).names, world.done()) == (3, [URL])
    rounds(refresher)
    assert world.done() == []
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        f"{URL}: {path} is missing or damaged; downloading the list again"
    ]


def test_a_list_that_goes_while_the_server_is_asked_is_not_taken_for_unchanged(world: World) -> None:
    refresher = world.refresher(URL)
    rounds(refresher)
    world.slow.add(URL)
    world.answers[URL] = unchanged
    refresher.ask()
    refresher.round()
    paths.compiled(world.folder, URL).unlink()
    refresher.round()
    world.workers[URL].is_done = True
    del world.answers[URL]
    world.slow.clear()
    rounds(refresher)
    assert world.jobs[2] == Job(URL, str(world.folder))
    assert world.known(URL).names == 3


def test_a_folder_that_was_emptied_is_filled_again(world: World) -> None:
    refresher = world.refresher(URL, OTHER)
    rounds(refresher)
    for path in world.folder.iterdir():
        path.unlink()
    rounds(refresher)
    assert (world.known(URL).names, world.known(OTHER).names) == (3, 3)
    assert all(paths.compiled(world.folder, source).exists() for source in (URL, OTHER))


def test_a_start_tries_what_was_never_there_at_once(world: World) -> None:
    world.answers[URL] = fails
    refresher = world.refresher(URL)
    for _ in range(8):
        refresher.ask()
        rounds(refresher)
    world.done()
    rounds(world.refresher(URL))
    assert world.done() == [URL]


def test_a_list_that_was_refused_for_its_size_is_taken_when_the_operator_says_so(world: World) -> None:
    refresher = world.refresher(URL, OTHER)
    rounds(refresher)
    world.answers[URL] = world.answers[OTHER] = is_too_small
    refresher.ask()
    rounds(refresher)
    assert world.known(URL).is_refused
    assert world.known(URL).names == 3
    refresher.accept(URL)
    rounds(refresher)
    assert (world.known(URL).is_refused, world.known(URL).error, world.known(URL).names) == (False, "", 1)
    assert world.known(OTHER).is_refused
    refresher.ask()
    rounds(refresher)
    assert world.known(URL).is_refused  # the word was for one download


def test_the_next_job_knows_an_empty_list_from_none(world: World) -> None:
    world.answers[URL] = lambda job: replace(world.compiles(job), names=0)
    refresher = world.refresher(URL)
    for _ in range(2):
        refresher.ask()
        rounds(refresher)
    assert [job.names for job in world.jobs] == [None, 0]


def test_what_the_operator_said_outlasts_a_download_that_fails(world: World) -> None:
    refresher = world.refresher(URL)
    rounds(refresher)
    for answer, names in ((fails, 3), (is_too_small, 1)):
        world.answers[URL] = answer
        if answer is fails:
            refresher.accept(URL)
        world.clock.now_s += DAY_S
        rounds(refresher)
        assert world.known(URL).names == names


def test_what_the_operator_said_is_not_for_a_download_that_is_under_way(world: World) -> None:
    world.slow.add(URL)
    refresher = world.refresher(URL)
    refresher.round()
    refresher.accept(URL)
    world.slow.clear()
    world.workers[URL].is_done = True
    world.answers[URL] = is_too_small
    rounds(refresher)
    refresher.ask()
    rounds(refresher)
    assert [job.takes_any_size for job in world.jobs] == [False, True, False]


def test_an_error_of_another_kind_is_nothing_to_accept(world: World) -> None:
    refresher = world.refresher(URL)
    for answer, is_refused in ((is_too_small, True), (fails, False), (is_too_small, True), (unchanged, False)):
        world.answers[URL] = answer
        refresher.ask()
        rounds(refresher)
        assert world.known(URL).is_refused is is_refused


def test_a_list_of_exceptions_only_is_explained(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.answers[URL] = lambda _: Outcome(True, "Title", exceptions=12)
    with caplog.at_level(logging.INFO):
        rounds(world.refresher(URL))
    assert "Title: 12 exceptions; it is an allow list: " in caplog.text
    assert "whatever other lists say" in caplog.text


def test_lists_with_one_title_are_told_apart_in_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        rounds(world.refresher(URL, "https://other.example/a.txt"))
        rounds(world.refresher(URL, "https://other.example/a.txt"))
        refresher = world.refresher(URL, "https://other.example/a.txt")
        refresher.ask()
        rounds(refresher)
    assert "Title (lists.example): 3 names" in caplog.text
    assert "Title (other.example): 3 names" in caplog.text


def test_files_of_lists_that_nobody_wants_any_more_go_and_others_stay(world: World) -> None:
    rounds(world.refresher(URL, OTHER))
    (world.folder / f".{paths.compiled(world.folder, URL).name}.new").write_bytes(b"half")
    (world.folder / "notes").touch()
    rounds(world.refresher(OTHER))
    assert sorted(path.name for path in world.folder.iterdir()) == sorted(
        [paths.compiled(world.folder, OTHER).name, "notes", "state.json"]
    )
    world.refresher(OTHER).ask()
    assert set(state.load(paths.state(world.folder))) <= {URL, OTHER}


def test_a_file_is_read_again_when_it_changes_and_only_then(world: World, tmp_path: Path) -> None:
    source = tmp_path / "mine.txt"
    source.write_text("a.example")
    refresher = world.refresher(str(source))
    for change in (lambda: None, lambda: source.write_text("bb.example"), lambda: source.chmod(0o600), source.unlink):
        change()
        rounds(refresher)
        assert world.done() == [str(source)], change
        world.clock.now_s += 10 * DAY_S
        rounds(refresher)
        assert world.done() == []


def test_a_file_that_was_replaced_within_the_same_second_is_read_again(world: World, tmp_path: Path) -> None:
    source = tmp_path / "mine.txt"
    source.write_text("a.example")
    refresher = world.refresher(str(source))
    rounds(refresher)
    status = source.stat()
    write_atomically(source, b"b.example")
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    rounds(refresher)
    assert world.done() == [str(source)] * 2


def test_a_file_whose_list_could_not_be_written_is_tried_again(world: World, tmp_path: Path) -> None:
    source = tmp_path / "mine.txt"
    source.write_text("a.example")
    world.answers[str(source)] = fails
    refresher = world.refresher(str(source))
    rounds(refresher)
    world.clock.now_s += 60
    rounds(refresher)
    assert world.done() == [str(source)] * 2


def test_all_are_refreshed_when_asked_and_then_no_more(world: World) -> None:
    refresher = world.refresher(URL, OTHER)
    rounds(refresher)
    world.done()
    refresher.ask()
    rounds(refresher)
    assert world.done() == [URL, OTHER]
    rounds(refresher)
    assert world.done() == []


def test_a_state_that_cannot_be_written_is_told_once_and_stops_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    refresher = world.refresher(URL, OTHER)
    paths.state(world.folder).mkdir()
    rounds(refresher)
    assert world.done() == [URL, OTHER]
    assert len([record for record in caplog.records if "cannot be written" in record.getMessage()]) == 1
    rounds(refresher)
    assert world.done() == []


def test_a_folder_that_is_not_there_stops_nothing(tmp_path: Path) -> None:
    world = World(tmp_path / "none")
    world.answers[URL] = fails
    rounds(world.refresher(URL))
    assert world.done() == [URL]


def test_a_slow_list_delays_no_other(world: World) -> None:
    world.slow.add(URL)
    refresher = world.refresher(URL, OTHER)
    rounds(refresher)
    assert (world.known(URL), world.known(OTHER).names) == (state.ListState(), 3)
    world.clock.now_s += DAY_S
    rounds(refresher)
    assert world.done() == [URL, OTHER, OTHER]
    world.workers[URL].is_done = True
    refresher.round()
    assert world.known(URL).names == 3


def test_many_lists_are_worked_on_a_few_at_a_time(world: World) -> None:
    sources = [f"https://lists.example/{number}.txt" for number in range(3 * MOST_AT_ONCE)]
    world.slow.update(sources)
    refresher = world.refresher(*sources)
    for number in range(len(sources)):
        rounds(refresher)
        assert world.done() == (sources[:MOST_AT_ONCE] if not number else sources[number + MOST_AT_ONCE - 1 :][:1])
        world.workers[sources[number]].is_done = True
    refresher.round()
    assert {world.known(source).names for source in sources} == {3}


def test_no_list_starves_behind_many_that_keep_failing(world: World) -> None:
    silent = [f"https://silent.example/{number}.txt" for number in range(2 * MOST_AT_ONCE)]
    world.slow.update(silent)
    world.answers.update(dict.fromkeys(silent, fails))
    refresher = world.refresher(*silent, URL)
    rounds(refresher)
    for _ in range(3):
        world.clock.now_s += 300  # by now those that failed before are due again
        for source in world.done():
            world.workers[source].is_done = True
        rounds(refresher)
    assert world.known(URL).names == 3


def test_what_is_asked_for_while_it_is_at_work_is_worked_on_once_more(world: World) -> None:
    world.slow.add(URL)
    refresher = world.refresher(URL)
    rounds(refresher)
    for _ in range(3):
        refresher.ask()
        rounds(refresher)
    assert world.done() == [URL]
    world.workers[URL].is_done = True
    rounds(refresher)
    assert world.done() == [URL]
    world.workers[URL].is_done = True
    rounds(refresher)
    assert world.done() == []


def test_a_list_whose_work_cannot_be_started_has_failed_and_is_tried_again(world: World) -> None:
    world.answers[URL] = no_process
    refresher = world.refresher(URL, OTHER)
    rounds(refresher)
    assert "cannot be started" in world.known(URL).error
    assert world.known(OTHER).names == 3
    del world.answers[URL]
    world.clock.now_s += 60
    rounds(refresher)
    assert (world.known(URL).error, world.known(URL).names) == ("", 3)


def test_what_a_killed_child_left_goes_at_once_and_what_others_write_stays(world: World) -> None:
    def is_killed(_: Job) -> Outcome:
        raise ListError("was killed")

    left, written = (
        [world.folder / f".{paths.compiled(world.folder, source).name}.{end}" for end in ("new", "x3r8qk_f")]
        for source in (URL, OTHER)
    )
    world.answers[URL] = is_killed
    world.slow.update([URL, OTHER])
    refresher = world.refresher(URL, OTHER)
    refresher.round()
    for path in (*left, *written):
        path.touch()
    world.workers[URL].is_done = True
    refresher.round()
    assert [path for path in (*left, *written) if path.exists()] == written


def test_a_server_that_wants_to_be_asked_later_is(world: World) -> None:
    def busy(_: Job) -> Outcome:
        raise ListBusyError("the server answers 503 Service Unavailable", 3600)

    world.answers[URL] = busy
    refresher = world.refresher(URL)
    rounds(refresher)
    for passed_s, due in ((3599, [URL]), (2, [URL])):
        world.clock.now_s += passed_s
        rounds(refresher)
        assert world.done() == due


def test_what_is_asked_for_while_it_is_at_work_outlives_the_program(world: World) -> None:
    world.slow.add(URL)
    refresher = world.refresher(URL)
    refresher.round()
    world.clock.now_s += 5
    asked_s = world.clock.now_s
    refresher.ask()
    world.clock.now_s += 5
    world.workers[URL].is_done = True
    refresher.round()  # and is killed before it has done it once more
    world.done()
    again = world.refresher(URL)
    again.ask(asked_s)
    again.round()
    assert world.done() == [URL]


def test_all_that_is_at_work_is_ended_with_it(world: World) -> None:
    world.slow.update([URL, OTHER])
    refresher = world.refresher(URL, OTHER)
    rounds(refresher)
    refresher.end()
    assert all(worker.is_ended for worker in world.workers.values())


def test_a_list_that_is_named_twice_is_refreshed_once(world: World) -> None:
    world.slow.add(URL)
    rounds(world.refresher(URL, URL))
    assert world.done() == [URL]


def test_what_was_asked_for_before_a_start_is_looked_at_unless_that_was_done(world: World) -> None:
    rounds(world.refresher(URL))
    checked_s = world.known(URL).checked_s
    for asked_s, count in ((checked_s - 1, 1), (checked_s + 1, 2)):
        again = world.refresher(URL)
        again.ask(asked_s)
        rounds(again)
        assert len(world.jobs) == count
    again = world.refresher(URL)
    again.accept(URL, world.known(URL).checked_s + 1)
    rounds(again)
    assert world.jobs[-1].takes_any_size


def test_a_list_that_is_removed_before_anybody_has_looked_at_it_is_made_anew(world: World) -> None:
    def removed(job: Job) -> Outcome:
        outcome = world.compiles(job)
        paths.compiled(world.folder, job.source).unlink()
        return outcome

    world.answers[URL] = removed
    refresher = world.refresher(URL)
    rounds(refresher)
    del world.answers[URL]
    rounds(refresher)
    assert paths.compiled(world.folder, URL).exists()


def test_other_lists_may_be_wanted_while_it_runs(world: World) -> None:
    refresher = world.refresher(URL)
    rounds(refresher)
    refresher.follow([URL, OTHER])
    rounds(refresher)
    assert world.done() == [URL, OTHER]
    refresher.follow([OTHER])
    assert not paths.compiled(world.folder, URL).exists()
    assert state.load(paths.state(world.folder)).keys() == {OTHER}
    rounds(refresher)
    refresher.follow([OTHER, URL])
    rounds(refresher)
    assert world.done() == [URL]


def test_who_is_at_work_on_a_list_that_is_wanted_no_more_is_ended_and_the_others_go_on(world: World) -> None:
    world.slow.update([URL, OTHER])
    refresher = world.refresher(URL, OTHER)
    rounds(refresher)
    unfinished = paths.unfinished(paths.compiled(world.folder, OTHER)).with_suffix(".half")
    unfinished.touch()
    refresher.follow([OTHER])
    assert (world.workers[URL].is_ended, world.workers[OTHER].is_ended) == (True, False)
    assert unfinished.exists()
    world.workers[OTHER].is_done = True
    rounds(refresher)
    assert world.known(OTHER).names == 3
