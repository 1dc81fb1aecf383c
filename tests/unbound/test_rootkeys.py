"""The root's keys in a file, as unbound really writes it; what hangs on them is in test_anchor.py."""

import time
from pathlib import Path

import dns.message
import dns.query
import pytest

from app.programs import users
from app.unbound import reach, rootkeys
from app.unbound.checkconf import find_unbound
from app.unbound.conf import TRUST_ANCHOR
from tests.appliance import folder_for_all
from tests.internet import ROOT, Internet
from tests.internet.servers import running


def test_the_shipped_file_is_read_alike_by_both_readers() -> None:
    keys = rootkeys.shipped(TRUST_ANCHOR.read_text())
    assert len(keys) == 2
    assert rootkeys.written(TRUST_ANCHOR.read_bytes()) == keys


@pytest.mark.parametrize("state", ["0 [ START ]", "1 [ ADDPEND ]", "4 [ REVOKED ]", "5 [ REMOVED ]"])
def test_a_key_that_unbound_does_not_trust_yet_or_any_more_is_none(state: str) -> None:
    line = f". 86400 IN DNSKEY 257 3 13 AAAA ;;state={state} ;;count=1 ;;lastchange=1 ;;then\n"
    assert rootkeys.written(line.encode()) == frozenset()


@pytest.mark.server
def test_a_key_and_its_digest_are_the_same_key(internet: Internet) -> None:
    digest = rootkeys.shipped(internet.trust_anchor.read_text())
    query = dns.message.make_query(".", "DNSKEY", want_dnssec=True)
    response = dns.query.tcp(query, internet.address(ROOT), 10).to_wire()
    key = rootkeys.signed_by(digest, response, time.time())
    assert len(key) == 1
    assert rootkeys.unknown(key, digest) == rootkeys.unknown(digest, key) == frozenset()
    assert rootkeys.signed_by(rootkeys.shipped(TRUST_ANCHOR.read_text()), response, time.time()) == frozenset()
    assert rootkeys.signed_by(digest, response, time.time() + 400 * 86400) == frozenset()
    assert rootkeys.signed_by(digest, b"", time.time()) == frozenset()


@pytest.mark.server
def test_what_unbound_writes_is_understood_and_what_the_root_publishes_is_had_through_it(internet: Internet) -> None:
    user = users.find(users.UNBOUND)
    with folder_for_all() as folder:
        followed, conf = folder / "unbound/root.key", folder / "unbound.conf"
        followed.parent.mkdir()
        followed.parent.chmod(0o777)
        followed.write_text(internet.trust_anchor.read_text())
        followed.chmod(0o666)
        port = internet.resolver_port
        conf.write_text(
            f"""server:
                directory: "{folder}"
                chroot: ""
                pidfile: ""
                username: "{user.pw_name if user else ""}"
                use-syslog: no
                interface: 127.0.0.1
                port: {port}
                do-not-query-localhost: no
                root-hints: "{internet.root_hints}"
                auto-trust-anchor-file: "{followed}"
            """
        )
        with running([str(find_unbound()), "-d", "-c", str(conf)], folder / "log"):
            _wait_for_confirmation(followed, folder / "log")
            keys = rootkeys.written(followed.read_bytes())
            published = reach.root_keys(port)
        digest = rootkeys.shipped(internet.trust_anchor.read_text())
        assert keys is not None
        assert len(keys) == 1
        assert rootkeys.unknown(keys, digest) == frozenset()
        assert rootkeys.signed_by(digest, published, time.time()) == keys
        assert reach.root_keys(port) == b""


def _wait_for_confirmation(followed: Path, log: Path) -> None:
    deadline_s = time.monotonic() + 20
    while b";;last_success: 1" not in followed.read_bytes():
        assert time.monotonic() < deadline_s, (followed.read_text(), log.read_text())
        time.sleep(0.05)  # it tells nobody
