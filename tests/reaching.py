"""Property tests that say how many of their examples must get to the end.

A test of "whatever comes is read or refused" proves little if everything is refused: its body returns True where it has
come to its last line, and the test fails if that is true of too few examples.
"""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis.strategies import SearchStrategy


def reaching(share: float, **strategies: SearchStrategy[Any]) -> Callable[[Callable[..., bool]], Callable[[], None]]:
    """Like `given`, for a body that returns whether it came to its end; at least `share` of the examples must."""

    def decorate(body: Callable[..., bool]) -> Callable[[], None]:
        def test() -> None:
            outcomes: list[bool] = []

            @given(**strategies)
            def example(**values: object) -> None:
                outcomes.append(body(**values))

            example()
            assert sum(outcomes) >= share * len(outcomes), f"{sum(outcomes)} of {len(outcomes)} examples reach the end"

        test.__name__, test.__qualname__, test.__doc__ = body.__name__, body.__qualname__, body.__doc__
        test.__module__ = body.__module__
        return test

    return decorate
