"""Knot DNS as a real name server that takes signed updates (RFC 2136), for one zone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.flags

from tests.internet.servers import program, running, until_answering

KEY, SECRET = "homedot", "aG9tZWRvdC10ZXN0LWtleS1vZi0zMi1vY3RldHMhISE="


@dataclass(frozen=True, slots=True)
class Knot:
    """One that answers. `token` is what `public.token` has to be, `server` what `public.server`."""

    address: str
    port: int
    zone: str

    @property
    def token(self) -> str:
        return f"{KEY}:{SECRET}"

    @property
    def server(self) -> str:
        return f"{self.address}@{self.port}"


@contextmanager
def knot(folder: Path, zone: str, address: str, port: int) -> Iterator[Knot]:
    """Serve `zone` on `address`, which is also that of its name server. Raises RuntimeError if it is not installed."""
    (folder / "storage").mkdir()
    content = f"@ 60 IN SOA ns hostmaster 1 3600 600 86400 1\n@ 60 IN NS ns\nns 60 IN A {address}\n"
    (folder / f"storage/{zone}.zone").write_text(f"$ORIGIN {zone}.\n{content}")
    configuration = folder / "knot.conf"
    configuration.write_text(
        f"""server:
  rundir: "{folder}"
  listen: "{address}@{port}"
database:
  storage: "{folder}/storage"
key:
  - id: {KEY}
    algorithm: hmac-sha256
    secret: {SECRET}
acl:
  - id: updates
    key: {KEY}
    action: [update, query]
  - id: queries
    action: query
template:
  - id: default
    storage: "{folder}/storage"
    file: "%s.zone"
zone:
  - domain: {zone}
    acl: updates
"""
    )
    log = folder / "knot.log"
    with running([program("knotd", "knot"), "-c", str(configuration)], log) as process:
        until_answering(process, log, address, port, name=zone, flag=dns.flags.AA)
        yield Knot(address, port, zone)
