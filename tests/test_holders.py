"""Who has a port? Real sockets of this process, and tables in a folder."""

import ctypes
import socket
from pathlib import Path

from app.holders import holders

_PR_SET_NAME = 15
HEAD = "  sl  local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode\n"


def row(address: str, state: str, inode: int) -> str:
    return f"   0: {address} 00000000:0000 {state} 0:0 00:0 0 0 0 {inode} 1 0\n"


def test_names_address_and_program_of_who_listens() -> None:
    with socket.create_server(("127.0.0.9", 0)) as streams, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        port = streams.getsockname()[1]
        datagrams.bind(("127.0.0.10", port))
        name = Path("/proc/self/comm").read_text().strip()
        assert sorted(holders(port)) == [f"127.0.0.10 ({name})", f"127.0.0.9 ({name})"]
    assert holders(port) == []


def test_a_program_may_call_itself_what_it_likes() -> None:
    kernel, named = ctypes.CDLL(None), Path("/proc/self/comm").read_bytes().strip()
    with socket.create_server(("127.0.0.9", 0)) as streams:
        kernel.prctl(_PR_SET_NAME, b"\x1b[31m\xff\xe2\x80\xaex")
        try:
            found = holders(streams.getsockname()[1])
        finally:
            kernel.prctl(_PR_SET_NAME, named)
    assert found == ["127.0.0.9 (\ufffd[31m\ufffd\ufffdx)"]


def test_knows_who_it_is_by_the_address_where_processes_are_not_to_be_seen(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    rows = [row("3500007F:0035", "0A", 1), row("017AA8C0:0035", "0A", 2), row("0A4DA8C0:0035", "01", 3)]
    (tmp_path / "net/tcp").write_text(HEAD + "".join(rows))
    (tmp_path / "net/udp").write_text(HEAD + row("3500007F:0035", "07", 4) + row("00000000:0044", "07", 5))
    (tmp_path / "net/udp6").write_text(HEAD + row("000080FE00000000FF005450A9D4A0FE:0035", "07", 6))
    found = ["127.0.0.53 (systemd-resolved)", "192.168.122.1 (libvirt's dnsmasq)", "fe80::5054:ff:fea0:d4a9"]
    assert holders(53, tmp_path) == found
    assert holders(68, tmp_path) == ["every address"]
