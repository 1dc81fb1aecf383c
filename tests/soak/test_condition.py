"""Eleven things that go wrong in a home: this box says which it is, wherever somebody looks, and that it is over."""

import pytest

from tests.bench.faults import FAULTS, TOLD_WITHIN_S, Fault, measure

pytestmark = pytest.mark.soak

BUSY_S = 15.0
"""More than on a machine that does nothing else; `python -m tests.bench.faults` says how long it takes there."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.name))
def test_a_fault_is_told_on_every_surface_and_so_is_its_end(fault: Fault) -> None:
    row = measure(fault)
    print(row)
    assert row.missing == []
    assert row.told_s is not None
    assert row.told_s <= TOLD_WITHIN_S + BUSY_S
    assert row.over_s is not None
    assert row.over_s <= TOLD_WITHIN_S + BUSY_S
