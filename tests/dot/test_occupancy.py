from app.dot.occupancy import SLOTS, Occupancy


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


def test_no_client_is_counted_outside_its_row_or_as_the_whole() -> None:
    occupancy = Occupancy(2)
    first, second = occupancy.row(0), occupancy.row(1)
    clients = [f"client {number}" for number in range(250_000)]  # one slot not hit: once in a thousand million runs
    for client in clients:
        first.enter(client)
    assert occupancy.connections == len(clients)
    assert occupancy.clients == SLOTS
    assert all(first.of(client) for client in clients[:100])
    for client in clients:
        first.leave(client)
    second.enter("a")
    assert (occupancy.connections, occupancy.clients) == (1, 1)


def test_counts_clients_once_however_many_connections_and_workers_they_have() -> None:
    occupancy = Occupancy(2)
    first, second = occupancy.row(0), occupancy.row(1)
    for row, client in ((first, "10.0.0.1"), (first, "10.0.0.1"), (second, "10.0.0.1"), (second, "10.0.0.2")):
        row.enter(client)
    assert occupancy.clients == 2
    first.leave("10.0.0.1")
    second.leave("10.0.0.2")
    assert occupancy.clients == 1


def test_a_worker_that_is_gone_leaves_nothing_behind() -> None:
    occupancy = Occupancy(2)
    for row in (occupancy.row(0), occupancy.row(1)):
        row.enter("10.0.0.1")
    occupancy.clear(1)
    assert (occupancy.connections, occupancy.row(0).of("10.0.0.1")) == (1, 1)
