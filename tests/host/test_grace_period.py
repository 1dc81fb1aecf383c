"""Which addresses may be back soon, by a clock in a test's hands."""

from ipaddress import ip_address

from app.host.grace_period import GRACE_S, Lingering

A, B, PUBLIC = ip_address("192.168.1.10"), ip_address("fd00::10"), ip_address("203.0.113.5")


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_an_address_lingers_for_a_while_after_it_was_seen_last() -> None:
    clock = Clock()
    lingering = Lingering(clock)
    lingering.see([A, B])
    clock.now_s += 600
    lingering.see([B])
    assert lingering.lost([B], []) == (A,)
    clock.now_s += GRACE_S - 601
    assert lingering.lost([], []) == (A, B)
    clock.now_s += 1
    assert lingering.lost([], [A]) == (B,)


def test_what_was_relied_upon_before_lingers_from_the_beginning() -> None:
    clock = Clock()
    lingering = Lingering(clock)
    assert lingering.lost([B], [A, B]) == (A,)
    clock.now_s += GRACE_S
    assert lingering.lost([B], [A, B]) == ()


def test_a_public_address_does_not_linger_for_an_authority_may_not_certify_it() -> None:
    assert Lingering(Clock()).lost([], [PUBLIC]) == ()


def test_what_is_long_gone_is_forgotten() -> None:
    clock = Clock()
    lingering = Lingering(clock)
    for number in range(100):
        lingering.see([ip_address(f"192.168.1.{number}")])
        clock.now_s += GRACE_S / 10
    assert len(vars(lingering)["_seen_s"]) <= 11
