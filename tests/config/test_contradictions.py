"""test_load.py and test_public.py have a case for each; here is what is left alone."""

from app.config.contradictions import contradictions
from app.config.settings import Settings


def test_the_defaults_contradict_nothing() -> None:
    assert list(contradictions(Settings())) == []
