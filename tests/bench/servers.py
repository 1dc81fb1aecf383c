"""The servers, each with one worker, the same certificate, and the tests' own internet behind it."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.appliance import PROGRAMS
from tests.bench.client import Client
from tests.fakes.pki import Authority
from tests.internet import Internet

SERVER_CPU = "0"
CONNECTIONS = 3000


@dataclass
class Server:
    """A running one; `processes` are those whose CPU and memory are its own."""

    name: str
    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def cpu_s(self) -> float:
        """CPU seconds of the processes and their threads so far, by the kernel's accounting."""
        ticks = 0
        for process in self.processes:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_kb(self) -> int:
        total = 0
        for process in self.processes:
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        return total


@contextmanager
def started(commands: list[list[str]], server: Server, log: Path, environment: dict[str, str]) -> Iterator[Server]:
    with log.open("wb") as output:
        for command in commands:
            pinned = ["taskset", "-c", SERVER_CPU, *command]
            server.processes.append(subprocess.Popen(pinned, stdout=output, stderr=output, env=environment))
        try:
            deadline = time.monotonic() + 20
            while True:
                try:
                    with Client(server.port) as client:
                        client.ask("n0.wild.signed.test")
                    break
                except OSError:
                    if time.monotonic() > deadline or any(process.poll() is not None for process in server.processes):
                        raise RuntimeError(f"{server.name} does not start:\n{log.read_text()}") from None
                    time.sleep(0.1)
            yield server
        finally:
            for process in server.processes:
                process.terminate()
            for process in server.processes:
                process.wait()


class Bench:
    """Where the files are, and how each server is configured."""

    def __init__(self, folder: Path, internet: Internet) -> None:
        self.folder = folder
        self.internet = internet
        folder.chmod(0o755)
        leaf = Authority().intermediate.sign("dns.home.arpa", names=["dns.home.arpa"], addresses=["127.0.0.1"])
        self.certificate, self.key = folder / "cert.pem", folder / "key.pem"
        self.certificate.write_bytes(leaf.pem)
        self.key.write_bytes(leaf.key_pem)
        self.key.chmod(0o644)  # a bench key: every server's own user reads it

    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"]}

    def homedot(self, workers: int = 1) -> "contextmanager[Server]":  # type: ignore[valid-type]
        run_dir = self.folder / f"homedot{workers}"
        environment = {
            **self.environment(),
            **self.internet.environment,
            "HOMEDOT_ADDRESSES": "127.0.0.1",
            "HOMEDOT_DATA_DIR": str(self.folder / "data"),
            "HOMEDOT_RUN_DIR": str(run_dir),
            "HOMEDOT_DOT__PORT": "8531",
            "HOMEDOT_RESOLVER__PORT": "5335",
            "HOMEDOT_DOT__CONNECTIONS": str(CONNECTIONS),
            "HOMEDOT_DOT__CONNECTIONS_PER_CLIENT": str(CONNECTIONS),
            "HOMEDOT_DOT__WORKERS": str(workers),
            "HOMEDOT_TLS__CERTIFICATE": str(self.certificate),
            "HOMEDOT_TLS__KEY": str(self.key),
        }
        subprocess.run([*PROGRAMS, "bootstrap"], env=environment, check=True, stdout=subprocess.DEVNULL)
        commands = [[*PROGRAMS, "front"], ["unbound", "-d", "-c", str(run_dir / "unbound.conf")]]
        return started(commands, Server("homedot", 8531), self.folder / "homedot.log", environment)

    def unbound(self) -> "contextmanager[Server]":  # type: ignore[valid-type]
        """The appliance's own unbound.conf, answering DNS over TLS by itself."""
        text = (self.folder / "homedot1" / "unbound.conf").read_text()
        text = text.replace("interface: 127.0.0.1", "interface: 127.0.0.1@8532").replace("port: 5335", "port: 5336")
        text = text.replace("incoming-num-tcp: 32", f"incoming-num-tcp: {CONNECTIONS}")
        text = text.replace(
            "server:\n",
            f'server:\n  tls-port: 8532\n  tls-service-key: "{self.key}"\n  tls-service-pem: "{self.certificate}"\n'
            "  tcp-idle-timeout: 120000\n",
            1,
        )
        path = self.folder / "unbound.conf"
        path.write_text(text)
        server = Server("unbound", 8532)
        return started([["unbound", "-d", "-c", str(path)]], server, self.folder / "unbound.log", self.environment())

    def bind(self) -> "contextmanager[Server]":  # type: ignore[valid-type]
        address, port = self.internet.forwarder_plain.split("@")
        path = self.folder / "named.conf"
        path.write_text(f"""
tls bench {{ cert-file "{self.certificate}"; key-file "{self.key}"; }};
options {{
  directory "{self.folder}"; pid-file none; session-keyfile none; managed-keys-directory "{self.folder}";
  listen-on {{ none; }}; listen-on-v6 {{ none; }};
  listen-on port 8533 tls bench {{ 127.0.0.1; }};
  forwarders {{ {address} port {port}; }}; forward only; dnssec-validation no; recursion yes;
  allow-query {{ any; }}; tcp-clients {CONNECTIONS}; tcp-idle-timeout 1200; max-cache-size 64m;
}};
controls {{ }};
""")
        server = Server("bind", 8533)
        command = ["named", "-f", "-n", "1", "-c", str(path)]
        return started([command], server, self.folder / "named.log", self.environment())

    def dnsdist(self) -> "contextmanager[Server]":  # type: ignore[valid-type]
        path = self.folder / "dnsdist.conf"
        path.write_text(f"""
setSecurityPollSuffix("")
setMaxTCPClientThreads(1)
setMaxTCPQueuedConnections(0)
setTCPRecvTimeout(120)
addTLSLocal("127.0.0.1:8534", "{self.certificate}", "{self.key}",
  {{maxConcurrentTCPConnections={CONNECTIONS}, tcpListenQueueSize=1024}})
newServer({{address="{self.internet.forwarder_plain.replace("@", ":")}"}})
getPool(""):setCache(newPacketCache(100000, {{maxTTL=86400}}))
""")
        server = Server("dnsdist", 8534)
        command = ["dnsdist", "--supervised", "--disable-syslog", "-C", str(path)]
        return started([command], server, self.folder / "dnsdist.log", self.environment())
