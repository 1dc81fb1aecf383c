from app.dot.occupancy import Occupancy


def test_counts_by_client_and_in_all_over_all_workers() -> None:
    occupancy = Occupancy(2)
    first, second = occupancy.row(0), occupancy.row(1)
    first.enter("a")
    second.enter("a")
    second.enter("b")
    assert (first.of("a"), second.of("a"), first.of("b"), first.of("c")) == (2, 2, 1, 0)
    assert (first.connections, occupancy.connections) == (3, 3)
    second.leave("a")
    assert (first.of("a"), occupancy.connections) == (1, 2)
