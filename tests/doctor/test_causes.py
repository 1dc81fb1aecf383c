"""Faults that are behind many others: each is found, and is not taken for another."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest

from app.doctor import causes
from app.doctor.target import LookUp, Verdict
from tests.fakes.dot_server import Answer, DotServer, noerror
from tests.fakes.pki import Authority

from .examining import box, examined, faults


def strangers_chain(folder: Path) -> Path:
    other = Authority()
    return other.intermediate.sign("AdGuard Home", names=["dns.example"]).write_chain(
        folder / "other.pem", other.intermediate
    )


def test_another_program_at_the_address_is_one_fault_and_named(authority: Authority, tmp_path: Path) -> None:
    with DotServer(strangers_chain(tmp_path)) as server:
        stranger = box(server.port, authority, spki_pin="ours", holders=["every address (AdGuardHome)"])
        report = causes.address(stranger)
        found = faults(server, authority, spki_pin="ours", front_door_fault="no socket")
    assert report.detail == (
        f"another program answers at 127.0.0.1 port {server.port}: its certificate is CN=AdGuard Home, for dns.example;"
        " this machine says that the port is of every address (AdGuardHome)"
    )
    assert f"ss -ltnp 'sport = :{server.port}'" in report.remedy
    assert set(found) == {"address"}


def test_another_homedot_of_the_same_name_is_another_program(authority: Authority, tmp_path: Path) -> None:
    other = Authority()
    leaf = other.intermediate.sign("Homedot resolver", names=["dns.home.arpa"], addresses=["127.0.0.1"])
    with DotServer(leaf.write_chain(tmp_path / "other.pem", other.intermediate)) as server:
        found = faults(server, authority, spki_pin="ours")
    assert set(found) == {"address"}
    assert "its certificate is CN=Homedot resolver, for dns.home.arpa" in found["address"].detail


def test_a_program_that_speaks_no_tls_is_another_one(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        import threading

        def greet() -> None:
            for _ in range(2):
                client, _ = listener.accept()
                with client:
                    client.recv(1000)
                    client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        port = listener.getsockname()[1]
        found = causes.address(box(port, authority)), causes.front_door(box(port, authority, front_door_fault="x"))
        thread.join()
    assert "another program answers" in found[0].detail
    assert (found[1].verdict, found[1].because) == (Verdict.NOT_TRIED, "address")


def test_a_program_of_ours_that_answers_devices_only_is_doubt_and_no_fault(
    authority: Authority, good_chain: Path
) -> None:
    with DotServer(good_chain) as server:
        report = examined(server, authority, front_door_fault="only root may")
    (cause,) = report.causes
    assert (cause.name, cause.outcome.verdict, report.exit_code) == ("front door", Verdict.CANNOT_TELL, 2)
    assert cause.outcome.detail == "dot answers devices, but not this command: only root may"


def test_a_certificate_that_was_renewed_with_another_key_is_no_other_program(
    authority: Authority, good_chain: Path
) -> None:
    with DotServer(good_chain) as server:
        assert causes.address(box(server.port, authority, spki_pin="old")).verdict is Verdict.PASS


def test_a_clock_that_was_never_set_is_one_fault_also_where_nobody_answers(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    found = causes.clock(box(port, authority, clock_fault="the clock is not set"))
    assert (found.verdict, found.detail, found.remedy) == (
        Verdict.FAIL,
        "the clock is not set",
        causes.SET_THE_CLOCK,
    )
    assert causes.clock(box(port, authority)).because == "address"


DAY = timedelta(days=1)


def root_signed(begins: timedelta, ends: timedelta) -> Answer:
    """Shows who does not check the root's keys, signed for that time from now on; all others are told that they are
    bogus, and no more."""

    def answer(query: bytes) -> bytes:
        message = dns.message.from_wire(query)
        if message.question[0].name != dns.name.root:
            return noerror(query)
        response = dns.message.make_response(message)
        if message.flags & dns.flags.CD:
            moments = (f"{datetime.now(UTC) + moment:%Y%m%d%H%M%S}" for moment in (ends, begins))
            signature = f"DNSKEY 13 0 300 {' '.join(moments)} 1 . AAAA"
            response.answer.append(dns.rrset.from_text(".", 300, "IN", "RRSIG", signature))
        else:
            response.set_rcode(dns.rcode.SERVFAIL)
            response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS)])
        return response.to_wire()

    return answer


@pytest.mark.parametrize(("begins", "ends"), [(-400 * DAY, -370 * DAY), (DAY, 22 * DAY)], ids=["ended", "not begun"])
def test_signatures_of_the_root_that_are_out_of_their_time_are_the_clocks_fault_alone(
    authority: Authority, good_chain: Path, begins: timedelta, ends: timedelta
) -> None:
    with DotServer(good_chain, root_signed(begins, ends)) as server:
        found = faults(server, authority)
    assert set(found) == {"clock"}
    now = datetime.now(UTC)
    assert f"it says {now:%Y-%m-%d}" in found["clock"].detail
    assert f"are good from {now + begins:%Y-%m-%d} to {now + ends:%Y-%m-%d}" in found["clock"].detail


def test_keys_of_the_root_that_are_refused_though_they_are_in_their_time_are_not_the_clocks_fault(
    authority: Authority, good_chain: Path
) -> None:
    with DotServer(good_chain, root_signed(-DAY, DAY)) as server:
        assert set(faults(server, authority)) == {"DNSSEC"}


def test_a_certificate_that_is_made_tomorrow_is_the_clocks_fault_unless_a_user_brought_it(
    authority: Authority, tmp_path: Path
) -> None:
    day = timedelta(days=1)
    leaf = authority.intermediate.sign(
        "leaf", names=["dns.home.arpa"], addresses=["127.0.0.1"], starts=day, ends=day * 3
    )
    with DotServer(leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)) as server:
        assert causes.clock(box(server.port, authority)).verdict is Verdict.FAIL
        assert causes.clock(box(server.port, None)).verdict is Verdict.PASS


def test_names_that_are_not_found_are_told_as_whoever_looked_says_it(authority: Authority, good_chain: Path) -> None:
    silent = LookUp(False, "the forwarder 192.0.2.9 is silent", "name another one in `resolver.forward`")
    with DotServer(good_chain) as server:
        found = faults(server, authority, look_up=lambda _: silent)
    assert set(found) == {"internet"}
    assert found["internet"].detail == "names are not found: the forwarder 192.0.2.9 is silent"
    assert found["internet"].remedy == "name another one in `resolver.forward`"


def test_whether_names_are_found_may_be_impossible_to_tell(authority: Authority, good_chain: Path) -> None:
    with DotServer(good_chain) as server:
        report = examined(server, authority, look_up=lambda _: LookUp(None, "the front door hangs"))
    assert report.exit_code == 2
    assert [cause.name for cause in report.causes] == ["internet"]


def test_the_name_is_one_that_no_cache_has(authority: Authority, good_chain: Path) -> None:
    asked: list[str] = []

    def look_up(name: str) -> LookUp:
        asked.append(name)
        return LookUp(True, "")

    with DotServer(good_chain) as server:
        for _ in range(2):
            causes.internet(box(server.port, authority, look_up=look_up))
        causes.internet(box(server.port, authority, look_up=look_up, slow_name="slow.example"))
    assert len(set(asked)) == 3
    assert asked[2] == "slow.example"


def test_forwarders_that_leave_signatures_out_are_named_and_the_setting_is(authority: Authority) -> None:
    found = causes.internet(box(1, authority, resolver_faults=["the forwarder x leaves signatures out"]))
    assert found.detail == "the forwarder x leaves signatures out"
    assert "`resolver.forward`" in found.remedy


def test_lists_that_are_missing_are_a_fault_and_old_ones_a_warning(authority: Authority) -> None:
    assert causes.block_lists(box(1, authority)).verdict is Verdict.PASS
    assert causes.block_lists(box(1, authority, lists=["gone"], late_lists=["old"])).detail == "gone"
    assert causes.block_lists(box(1, authority, late_lists=["old"])).verdict is Verdict.WARNING
    assert causes.block_lists(box(1, authority, awaited_lists=["soon"])).verdict is Verdict.NOT_TRIED
