from dataclasses import dataclass, field, replace
from ipaddress import ip_network

from app.dot.admission import Admission, allowing
from app.dot.occupancy import Occupancy
from tests.dot.serving import LIMITS


@dataclass(eq=False)
class Somebody:
    client: str
    progress_s: float
    leaving: bool = field(default=False)


def admission(
    connections: int = 3,
    per_client: int = 2,
    occupancy: Occupancy | None = None,
    unshared: frozenset[str] = frozenset(),
) -> Admission[Somebody]:
    limits = replace(LIMITS, connections=connections, connections_per_client=per_client, unshared=unshared)
    return Admission(limits, (occupancy or Occupancy()).row(0))


def test_what_is_no_setting_is_limited_to_this() -> None:
    limits = LIMITS
    assert (limits.portion_bytes, limits.queries_per_turn, limits.answer_timeout_s) == (65_536, 512, 30)
    assert (limits.unsent_bytes_per_connection, limits.unsent_bytes) == (524_288, 33_554_432)


def test_there_is_room_until_the_limit() -> None:
    house = admission()
    for number in range(3):
        assert house.make_room(f"client {number}") is None
        house.enter(Somebody(f"client {number}", number))
    assert house.total == 3


def test_c13_a_newcomer_takes_the_place_of_who_is_longest_without_progress() -> None:
    house = admission()
    guests = [Somebody("a", 5), Somebody("b", 1), Somebody("c", 0, leaving=True)]
    for guest in guests:
        house.enter(guest)
    assert house.make_room("d") is guests[1]


def test_c13_a_client_over_its_share_evicts_only_itself() -> None:
    house = admission(connections=10)
    own = [Somebody("a", 7), Somebody("a", 8)]
    for guest in [Somebody("b", 0), *own]:
        house.enter(guest)
    assert house.make_room("a") is own[0]
    assert house.make_room("c") is None


def test_who_comes_when_all_are_leaving_needs_nobody_to_make_room() -> None:
    house = admission(connections=1)
    house.enter(Somebody("a", 0, leaving=True))
    assert house.make_room("b") is None


def two_doors(connections: int) -> tuple[Admission[Somebody], Admission[Somebody]]:
    occupancy, limits = Occupancy(2), replace(LIMITS, connections=connections, servers=2)
    return Admission(limits, occupancy.row(0)), Admission(limits, occupancy.row(1))


def test_a_door_with_few_guests_lets_one_in_and_the_crowded_one_makes_up_for_it() -> None:
    crowded, empty = two_doors(4)
    guests = [Somebody(f"client {number}", -number) for number in range(4)]
    for guest in guests:
        crowded.enter(guest)
    assert crowded.surplus() == []
    newcomers = [Somebody(f"newcomer {number}", number) for number in range(2)]
    for newcomer in newcomers:
        assert empty.make_room(newcomer.client) is None
        empty.enter(newcomer)
    assert empty.make_room("one more than its half") is newcomers[0]
    assert empty.surplus() == []
    assert crowded.surplus() == [guests[3], guests[2]]


def test_a_server_may_hold_more_than_its_part_while_there_is_room_in_all() -> None:
    crowded, _ = two_doors(4)
    for number in range(3):
        assert crowded.make_room(f"client {number}") is None
        crowded.enter(Somebody(f"client {number}", number))


def test_every_server_has_at_least_one_place() -> None:
    assert replace(LIMITS, connections=1, servers=2).connections_per_server == 1
    assert replace(LIMITS, connections=5, servers=2).connections_per_server == 2


def test_who_leaves_makes_room() -> None:
    house = admission(connections=1)
    guest = Somebody("a", 0)
    house.enter(guest)
    house.leave(guest)
    assert house.total == 0
    assert house.make_room("b") is None
    assert house.connections() == []


def test_nothing_is_kept_of_a_client_that_has_left_and_all_of_one_that_has_not() -> None:
    house = admission()
    first, second = Somebody("a", 0), Somebody("a", 1)
    house.enter(first)
    house.enter(second)
    house.leave(first)
    assert house.connections() == [second]
    house.leave(second)
    assert house._by_client == {}


def test_a_client_within_its_share_stays_when_it_comes_again() -> None:
    house = admission(connections=10, per_client=2)
    house.enter(Somebody("a", 0))
    assert house.make_room("a") is None


def test_a_client_whose_share_is_taken_elsewhere_gets_one_here() -> None:
    occupancy = Occupancy(2)
    for _ in range(2):
        occupancy.row(1).enter("a")
    assert admission(connections=10, per_client=2, occupancy=occupancy).make_room("a") is None


def test_c9_idle_time_shrinks_as_places_fill_up() -> None:
    limits = replace(LIMITS, connections=100, idle_timeout_s=100)
    assert [limits.idle_timeout_at_s(count) for count in (0, 49, 50, 74, 75, 100)] == [100, 100, 50, 50, 10, 10]


def test_connections_in_other_workers_count_too() -> None:
    occupancy = Occupancy(2)
    house = admission(connections=10, occupancy=occupancy)
    occupancy.row(1).enter("a")
    own = Somebody("a", 1)
    house.enter(own)
    assert house.total == 2
    assert house.make_room("a") is own
    assert house.make_room("b") is None


def test_no_share_applies_to_an_address_behind_which_many_clients_stand() -> None:
    house = admission(connections=10, unshared=frozenset({"172.17.0.1"}))
    for number in range(5):
        assert house.make_room("172.17.0.1") is None
        house.enter(Somebody("172.17.0.1", number))


def test_only_addresses_inside_the_networks_are_allowed() -> None:
    is_allowed = allowing([ip_network("192.168.0.0/16"), ip_network("fe80::/10")])
    assert is_allowed("192.168.1.7")
    assert is_allowed("fe80::1%eth0")
    assert not is_allowed("8.8.8.8")
    assert not is_allowed("2001:db8::1")
