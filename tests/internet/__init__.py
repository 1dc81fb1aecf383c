"""The tests' own internet: a signed private root and its zones on loopback, served by real servers.

`fixtures.internet` gives it to a test; `python -m tests.internet` runs it by hand. Each run has a /24 of its own out of
127.53.0.0/16, so that any number of runs go side by side; hosts 100..254 in it are free for a test's own servers.
zones.py says what resolves.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dns.flags
from dns.rdtypes.ANY.DS import DS

from tests.internet import slow, zones
from tests.internet.forwarder import NAME, PLAIN_PORT, TLS_PORT, forwarder
from tests.internet.servers import claim_block, nsd, running, until_answering

ROOT, TEST, LEAVES, SLOW, FICKLE, FORWARDER, DEAD = 1, 2, 3, 4, 5, 9, 66


@dataclass(frozen=True, slots=True)
class Internet:
    """What a resolver needs to live in it, and where its servers are."""

    block: str
    root_hints: Path
    trust_anchor: Path
    ca_bundle: Path
    signers: zones.Keys

    def address(self, host: int) -> str:
        """The address of a host in this run's block."""
        return f"{self.block}.{host}"

    @property
    def resolver_port(self) -> int:
        """A port of 127.0.0.1 for a resolver: this run's own, and none that the kernel gives to clients."""
        return 20000 + int(self.block.rpartition(".")[2])

    @property
    def forwarder_tls(self) -> str:
        """Its forwarder over TLS, as `resolver.forward` takes it; `ca_bundle` verifies it."""
        return f"tls://{self.address(FORWARDER)}@{TLS_PORT}#{NAME}"

    @property
    def forwarder_plain(self) -> str:
        """Its forwarder without TLS, as `resolver.forward` takes it."""
        return f"{self.address(FORWARDER)}@{PLAIN_PORT}"

    @property
    def confirmed_anchor(self) -> str:
        """The trust anchor as unbound writes it, confirmed this moment."""
        state = " ;;state=2 [  VALID  ] ;;count=0 ;;lastchange=1 ;;then\n"  # unbound 1.26 trusts no key without one
        keys = self.trust_anchor.read_text().replace("\n", state)
        return f";;id: . 1\n;;last_success: {int(time.time())} ;;now\n{keys}"

    @property
    def environment(self) -> dict[str, str]:
        """Settings that put the appliance into this internet, recursing."""
        return {
            "HOMEDOT_RESOLVER__MODE": "recursive",
            "HOMEDOT_RESOLVER__ROOT_HINTS": str(self.root_hints),
            "HOMEDOT_RESOLVER__TRUST_ANCHOR": str(self.trust_anchor),
        }


@contextmanager
def run(folder: Path) -> Iterator[Internet]:
    """Run it, with its files in `folder`; every server answers when this yields, and none is left afterwards.

    Raises RuntimeError that says what is missing: root, a Debian package, a free block of addresses.
    """
    with ExitStack() as stack:
        block, claim = claim_block(DEAD)
        stack.enter_context(claim)
        root, test, leaves, slow_address = (f"{block}.{host}" for host in (ROOT, TEST, LEAVES, SLOW))
        signers = zones.new_keys()
        anchor = write_zones(folder, block, signers)
        root_hints, trust_anchor = folder / "root.hints", folder / "root.key"
        root_hints.write_text(f". 3600000 IN NS ns.\nns. 3600000 IN A {root}\n")
        trust_anchor.write_text(f". IN DS {anchor.to_text()}\n")

        stack.enter_context(nsd(folder, "root", root, ["."]))
        stack.enter_context(nsd(folder, "tld", test, ["test."]))
        stack.enter_context(nsd(folder, "leaves", leaves, [*zones.LEAVES, zones.REVERSE]))
        log = folder / "slow.log"
        process = stack.enter_context(running([sys.executable, "-P", slow.__file__, slow_address], log))
        until_answering(process, log, slow_address, 53, name="slow.test.", flag=dns.flags.AA)
        bundle = stack.enter_context(forwarder(folder, f"{block}.{FORWARDER}", root_hints, trust_anchor))
        yield Internet(block, root_hints, trust_anchor, bundle, signers)


def write_zones(folder: Path, block: str, signers: zones.Keys, now: datetime | None = None) -> DS:
    """The zone files of an internet on `block`, signed from `now` on; gives the root's DS."""
    root, test, leaves, slow_address = (f"{block}.{host}" for host in (ROOT, TEST, LEAVES, SLOW))
    return zones.write(
        folder,
        signers,
        root=root,
        test=test,
        leaves=leaves,
        slow=slow_address,
        fickle=f"{block}.{FICKLE}",
        dead=f"{block}.{DEAD}",
        now=now,
    )
