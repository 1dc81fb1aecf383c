"""A home's network in namespaces of its own: dnsmasq at one end of a cable, a client that asks it at the other.

`options(configuration)` is for tests; the module itself is the program that runs inside: `network FOLDER`, `client`.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

SERVER, CLIENT = "homedot-s", "homedot-c"
ASKED_V4, ASKED_V6 = (6, 162), (23, 144)
DEADLINE_S = 30.0
SURROUNDINGS = f"""
interface={SERVER}
bind-interfaces
dhcp-range=192.168.7.10,192.168.7.20,1h
dhcp-range=fd00:7::,ra-stateless
dhcp-authoritative
no-ping
"""


def options(configuration: str, folder: Path) -> dict[str, bytes]:
    """What a device gets from a dnsmasq that has `configuration`: `v4.6` and the like -> data. Needs root."""
    (folder / "dnsmasq.conf").write_text(SURROUNDINGS + configuration)
    command = ["unshare", "--net", sys.executable, "-m", __name__, "network", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return {name: bytes.fromhex(data) for name, data in json.loads(done.stdout).items()}


def network(folder: Path) -> None:
    """Lay the cable, start dnsmasq, print what the client got."""
    ip("link", "add", SERVER, "type", "veth", "peer", "name", CLIENT)
    ip("link", "set", SERVER, "up")
    ip("addr", "add", "192.168.7.1/24", "dev", SERVER)
    ip("-6", "addr", "add", "fd00:7::1/64", "dev", SERVER, "nodad")
    command = ["unshare", "--net", sys.executable, "-m", "tests.fakes.dhcp", "client"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdout.readline()  # it is in a namespace of its own
        ip("link", "set", CLIENT, "netns", str(client.pid))
        arguments = ["--conf-file=" + str(folder / "dnsmasq.conf"), f"--dhcp-leasefile={folder / 'leases'}"]
        server = subprocess.Popen(["dnsmasq", "-d", "--port=0", "--user=root", *arguments], stderr=subprocess.PIPE)
        try:
            sys.stdout.write(client.communicate("go\n", DEADLINE_S)[0])
        finally:
            server.kill()
            server.wait()


def client() -> None:
    """Wait for the cable, then print the options as JSON, hex."""
    print("here", flush=True)
    sys.stdin.readline()
    ip("link", "set", CLIENT, "up")
    found = {f"v4.{code}": data.hex() for code, data in ask_v4().items()}
    found |= {f"v6.{code}": data.hex() for code, data in ask_v6().items()}
    print(json.dumps(found))


def ask_v4() -> dict[int, bytes]:
    """DHCPDISCOVER (RFC 2131 4.1) until an offer comes; its options."""
    transaction = os.urandom(4)
    fixed = b"\1\1\6\0" + transaction + b"\0\0\x80\0" + bytes(16) + b"\2\0\0\0\0\1" + bytes(10 + 192)
    discover = fixed + b"\x63\x82\x53\x63\x35\1\1\x37" + bytes([len(ASKED_V4), *ASKED_V4]) + b"\xff"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, CLIENT.encode())
        asking.bind(("", 68))
        ip("addr", "add", "192.168.7.99/24", "dev", CLIENT)
        offer = ask(asking, discover, ("255.255.255.255", 67))
    rest, found = offer[240:], {}
    while rest and rest[0] != 255:
        code, length = (rest[0], rest[1]) if rest[0] else (0, -1)
        found[code] = rest[2 : 2 + length]
        rest = rest[2 + length :]
    return {code: data for code, data in found.items() if code in ASKED_V4}


def ask_v6() -> dict[int, bytes]:
    """INFORMATION-REQUEST (RFC 8415 18.2.6) until a reply comes; its options."""
    identity = struct.pack("!HH", 1, 10) + b"\0\3\0\1\2\0\0\0\0\1"
    wanted = struct.pack(f"!HH{len(ASKED_V6)}H", 6, 2 * len(ASKED_V6), *ASKED_V6)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asking:
        asking.bind(("::", 546))
        everybody = ("ff02::1:2", 547, 0, socket.if_nametoindex(CLIENT))
        rest = ask(asking, b"\x0b" + os.urandom(3) + identity + wanted, everybody)[4:]
    found = {}
    while rest:
        code, length = struct.unpack_from("!HH", rest)
        found[code] = rest[4 : 4 + length]
        rest = rest[4 + length :]
    return {code: data for code, data in found.items() if code in ASKED_V6}


def ask(asking: socket.socket, message: bytes, address: tuple[object, ...]) -> bytes:
    """The first datagram that comes back; a network that is just up loses some, or has no address to send from yet."""
    asking.settimeout(0.5)
    deadline = time.monotonic() + DEADLINE_S / 2
    while time.monotonic() < deadline:
        try:
            asking.sendto(message, address)
            return asking.recv(4096)
        except TimeoutError:
            continue
        except OSError:
            time.sleep(0.1)  # duplicate address detection takes its time, and nothing tells its end
    raise TimeoutError(f"nobody answered at {address}")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


if __name__ == "__main__":
    if sys.argv[1] == "network":
        network(Path(sys.argv[2]))
    else:
        client()
