"""The measuring side: one client's connection, and dnsperf."""

import re
import socket
import ssl
import struct
import subprocess
from pathlib import Path
from types import TracebackType

CLIENT_CPU = "1"


def context(version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.minimum_version = made.maximum_version = version
    return made


def query(name: str, number: int = 1) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    message = struct.pack("!6H", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)
    return len(message).to_bytes(2, "big") + message


class Client:
    """`with Client(port) as client`; raises OSError for whatever goes wrong."""

    def __init__(self, port: int, made: ssl.SSLContext | None = None, session: ssl.SSLSession | None = None) -> None:
        raw = socket.create_connection(("127.0.0.1", port), timeout=10)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = (made or context()).wrap_socket(raw, server_hostname="dns.home.arpa", session=session)
        self._received = b""

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.tls.close()

    def ask(self, name: str) -> bytes:
        self.tls.sendall(query(name))
        return self.receive()

    def receive(self) -> bytes:
        while len(self._received) < 2 or len(self._received) < 2 + int.from_bytes(self._received[:2], "big"):
            data = self.tls.recv(65536)
            if not data:
                raise OSError("the server closed")
            self._received += data
        end = 2 + int.from_bytes(self._received[:2], "big")
        message, self._received = self._received[2:end], self._received[end:]
        return message


def dnsperf(port: int, names: Path, connections: int, outstanding: int, seconds: float) -> tuple[int, float]:
    """Answered queries and queries per second. Raises RuntimeError if more than a hundredth is lost."""
    command = [
        "taskset",
        "-c",
        CLIENT_CPU,
        "dnsperf",
        "-m",
        "dot",
        "-s",
        "127.0.0.1",
        "-p",
        str(port),
        "-d",
        str(names),
    ]
    command += ["-c", str(connections), "-q", str(outstanding), "-l", str(seconds), "-t", "10"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = [re.search(pattern, text) for pattern in (r"Queries completed:\s+(\d+)", r"Queries per second:\s+([\d.]+)")]
    lost = re.search(r"Queries lost:\s+(\d+)", text)
    if found[0] is None or found[1] is None:
        raise RuntimeError(text)
    completed = int(found[0][1])
    if completed < 1000:
        raise RuntimeError(f"only {completed} answers:\n{text}")
    if lost is not None and int(lost[1]) > completed / 100:
        raise RuntimeError(text)
    return completed, float(found[1][1])
