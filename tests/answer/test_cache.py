from app.answer.cache import Cache
from app.answer.tally import Tally
from tests.fakes.clock import Clock

TALLY = Tally()


def body(ttl_s: int) -> bytes:
    return b"head" + ttl_s.to_bytes(4, "big") + b"tail"


def whole(ttl_s: int) -> bytes:
    """The answer with its id, as it is put."""
    return b"id" + body(ttl_s)


def ttl_of(answer: bytes | None) -> int | None:
    return None if answer is None else int.from_bytes(answer[4:8], "big")


def test_x7_ttls_count_down_with_the_clock() -> None:
    clock = Clock()
    cache = Cache(100_000, clock)
    cache.put(b"key", whole(10), [6], 10, TALLY)
    seen = []
    for _ in range(4):
        seen.append(ttl_of(cache.get(b"key")))
        clock.now_s += 1.5
    assert seen == [10, 9, 7, 6]


def test_an_answer_is_gone_when_its_time_is_up() -> None:
    clock = Clock()
    cache = Cache(100_000, clock)
    cache.put(b"key", whole(10), [6], 10, TALLY)
    clock.now_s += 9.99
    assert ttl_of(cache.get(b"key")) == 1
    clock.now_s += 0.01
    assert cache.get(b"key") is None


def test_it_knows_how_much_is_in_it_and_on_what_each_is_counted() -> None:
    cache = Cache(3_000, Clock())
    first, second = Tally(), Tally()
    assert (cache.entries, cache.size_octets) == (0, 0)
    cache.put(b"a", whole(10), [6], 10, first)
    one = cache.size_octets
    assert one > 600
    cache.put(b"b", whole(10), [6], 10, second)
    cache.put(b"c", whole(10), [6], 10, second)  # a generation is full: the others are of the old one
    assert (cache.entries, cache.size_octets) == (3, 3 * one)
    assert cache.tally_of(b"a") is first
    assert cache.tally_of(b"c") is second
    assert cache.tally_of(b"d") is None
    cache.clear()
    assert (cache.entries, cache.size_octets) == (0, 0)


def test_nothing_but_the_ttls_changes() -> None:
    clock = Clock()
    cache = Cache(100_000, clock)
    cache.put(b"key", whole(10) + body(700), [6, 18], 10, TALLY)
    clock.now_s += 3
    assert cache.get(b"key") == body(7) + body(697)


def test_other_octets_are_another_question() -> None:
    cache = Cache(100_000, Clock())
    cache.put(b"key", whole(10), [6], 10, TALLY)
    assert cache.get(b"Key") is None


def test_a_popular_name_survives_a_flood_of_others() -> None:
    cache = Cache(200_000, Clock())
    cache.put(b"popular", whole(600), [6], 600, TALLY)
    for number in range(20_000):
        cache.put(b"flood %d" % number, whole(600), [6], 600, TALLY)
        if number % 50 == 0:
            assert cache.get(b"popular") == body(600)


def test_memory_is_bounded_whatever_is_put() -> None:
    cache = Cache(200_000, Clock())
    for number in range(20_000):
        cache.put(b"%d" % number, whole(600), [6], 600, TALLY)
    kept = sum(cache.get(b"%d" % number) is not None for number in range(20_000))
    assert 50 < kept < 200_000 / 600


def test_an_entry_that_is_replaced_is_not_counted_twice() -> None:
    cache = Cache(200_000, Clock())
    cache.put(b"first", whole(600), [6], 600, TALLY)
    for _ in range(10_000):
        cache.put(b"again and again", whole(600), [6], 600, TALLY)
    assert cache.get(b"first") == body(600)


def test_what_is_larger_than_the_cache_is_not_kept() -> None:
    cache = Cache(2_000, Clock())
    cache.put(b"key", whole(600) + bytes(5_000), [6], 600, TALLY)
    assert cache.get(b"key") is None


def test_an_entry_that_is_asked_for_near_its_end_is_fetched_anew_once_a_second() -> None:
    clock = Clock()
    cache = Cache(100_000, clock)
    wanted: list[bytes] = []
    cache.prefetch = wanted.append
    cache.put(b"key", whole(100), [6], 100, TALLY)
    for age_s in (1.0, 50.0, 89.0):
        clock.now_s = 1000 + age_s
        cache.get(b"key")
    assert wanted == []
    for age_s in (91.0, 91.2, 91.4, 92.5):
        clock.now_s = 1000 + age_s
        cache.get(b"key")
    assert wanted == [b"key", b"key"]


def test_x4_a_stale_answer_is_fetched_anew_three_times_at_most_however_often_it_is_asked_for() -> None:
    clock = Clock()
    asked: list[bytes] = []
    cache = Cache(100_000, clock)
    cache.prefetch = asked.append
    cache.put(b"key", whole(30), [6], 30, TALLY)
    for _ in range(2999):
        cache.get(b"key")
        clock.now_s += 0.01
    assert 1 <= len(asked) <= 3


def filled() -> Cache:
    """With one entry in each generation."""
    cache = Cache(200_000, Clock())
    for key in (b"old", b"young"):
        cache.put(key, whole(600) + bytes(40_000), [6], 600, TALLY)
    return cache


def test_after_clearing_nothing_is_known_of_either_generation() -> None:
    cache = filled()
    cache.clear()
    assert [cache.get(key) for key in (b"old", b"young")] == [None, None]


def test_without_clearing_both_generations_are_known() -> None:
    cache = filled()
    assert None not in [cache.get(key) for key in (b"old", b"young")]


def test_after_clearing_there_is_room_for_as_much_as_before() -> None:
    cache = filled()
    cache.clear()
    cache.put(b"first", whole(600), [6], 600, TALLY)
    for key in (b"large", b"larger"):  # the first two are one generation, and the third the next
        cache.put(key, whole(600) + bytes(40_000), [6], 600, TALLY)
    assert cache.get(b"first") is not None


def test_each_time_that_something_is_given_out_is_counted() -> None:
    clock, tally = Clock(), Tally()
    cache = Cache(100_000, clock)
    cache.put(b"key", whole(10), [6], 10, tally)
    for _ in range(12):
        cache.get(b"key")
        clock.now_s += 1
    assert tally.hits == 10


SIZE_OCTETS = len(b"a") + len(whole(600)) + 40 + 600
"""What one of the entries below counts."""


def test_a_generation_holds_what_is_its_half_of_the_memory_and_no_more() -> None:
    cache = Cache(2 * 2 * SIZE_OCTETS, Clock())
    for _ in range(2):
        for key in (b"a", b"b", b"b"):  # one of them again
            cache.put(key, whole(600), [6], 600, TALLY)
        assert (list(cache._young), list(cache._old), cache._young_bytes) == ([b"a", b"b"], [], 2 * SIZE_OCTETS)
        cache.put(b"c", whole(600), [6], 600, TALLY)
        assert (list(cache._young), list(cache._old), cache._young_bytes) == ([b"c"], [b"a", b"b"], SIZE_OCTETS)
        cache.put(b"d", whole(600), [6], 600, TALLY)
        assert (list(cache._young), list(cache._old)) == ([b"c", b"d"], [b"a", b"b"])
        cache.clear()


def test_each_record_of_an_answer_counts() -> None:
    for offsets in ([], [6], [6, 6, 6]):
        cache = Cache(100_000, Clock())
        cache.put(b"a", whole(600), offsets, 600, TALLY)
        assert cache._young_bytes == SIZE_OCTETS + 40 * (len(offsets) - 1)


def test_an_entry_may_fill_a_generation() -> None:
    for cap_bytes, is_kept in ((2 * SIZE_OCTETS, True), (2 * SIZE_OCTETS - 2, False)):
        cache = Cache(cap_bytes, Clock())
        cache.put(b"a", whole(600), [6], 600, TALLY)
        assert (cache.get(b"a") is not None) is is_kept


def test_a_ttl_is_a_second_less_when_a_second_is_over_and_never_below_zero() -> None:
    clock = Clock()
    cache = Cache(100_000, clock)
    cache.put(b"key", whole(3), [6], 10, TALLY)
    seen = []
    for _ in range(6):
        seen.append(ttl_of(cache.get(b"key")))
        clock.now_s += 1
    assert seen == [3, 2, 1, 0, 0, 0]


def test_what_lives_shortly_is_fetched_anew_in_its_last_second_and_a_half() -> None:
    clock = Clock()
    for ttl_s, begins_s in ((5, 3.5), (100, 90)):
        wanted: list[bytes] = []
        cache = Cache(100_000, clock)
        cache.prefetch = wanted.append
        cache.put(b"key", whole(ttl_s), [6], ttl_s, TALLY)
        stored_s = clock.now_s
        clock.now_s = stored_s + begins_s - 0.5
        cache.get(b"key")
        assert wanted == []
        clock.now_s = stored_s + begins_s + (0.5 if begins_s == 3.5 else 0)
        cache.get(b"key")
        assert wanted == [b"key"]
