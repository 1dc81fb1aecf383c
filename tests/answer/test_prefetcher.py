from app.answer.prefetcher import PREFETCHER, discard


def test_whoever_asks_for_the_cache_is_nobody_and_wants_nothing() -> None:
    assert (PREFETCHER.client, PREFETCHER.here(), dict(PREFETCHER.how())) == ("", "", {})
    discard(b"an answer")
