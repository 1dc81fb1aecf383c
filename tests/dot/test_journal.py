from app.dot.journal import Journal


def test_lines_are_written_together() -> None:
    written: list[str] = []
    journal = Journal(written.append, "dot: ")
    journal.note("one")
    journal.note("two")
    assert written == []
    journal.flush()
    journal.flush()
    assert written == ["dot: one\ndot: two\n"]


def test_a_flood_of_lines_is_not_kept_in_memory() -> None:
    written: list[str] = []
    journal = Journal(written.append)
    for number in range(2500):
        journal.note(str(number))
    assert len(written) == 2
