import pytest

from app.errors import NoRoomError
from app.lists.memory import check, needed_octets

MB = 1_000_000
NAMES = 100_000_000
"""Far more than whoever runs this test has in memory."""


@pytest.mark.parametrize("names", [1_000_000, 3_000_000, 10_000_000])
def test_a_name_takes_little(names: int) -> None:
    assert needed_octets(names) <= 40 * MB + 40 * names


def test_where_nobody_knows_what_is_left_there_is_nothing_to_say() -> None:
    check(NAMES, None)


def test_a_list_that_does_not_fit_is_told_with_the_memory_that_it_needs() -> None:
    check(NAMES, 2900 * MB)
    with pytest.raises(NoRoomError, match=f"needs 1630 MB of memory to compile its {NAMES} names, and [0-9]+ MB are"):
        check(NAMES, 40 * MB)
