from dataclasses import dataclass, fields

from app.config import values
from app.config.setting import setting


@dataclass(frozen=True)
class Branch:
    port: int = setting("853", values.port, "A port.")
    other: int | None = setting(None, values.port, "Another one.", lambda _: None)


def test_a_leaf_has_the_value_that_its_default_is_read_as_and_says_how_it_is_read() -> None:
    assert Branch() == Branch(port=853, other=None)
    port, other = (item.metadata for item in fields(Branch))
    assert (port["parse"]("5"), port["doc"], port["default"], port["look"]) == (5, "A port.", "853", None)
    assert (other["default"], other["look"]("anything")) == (None, None)
