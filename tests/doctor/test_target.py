from pathlib import Path

from app.doctor import probe
from tests.fakes.dot_server import DotServer
from tests.fakes.pki import Authority, Identity

from .examining import box


def test_shows_the_certificates_in_the_order_of_the_server(
    authority: Authority, good_leaf: Identity, good_chain: Path
) -> None:
    with DotServer(good_chain) as server:
        presented = box(server.port, authority).certificates()
    assert presented == [good_leaf.certificate, authority.intermediate.certificate]


def test_names_the_server_unless_told_not_to(authority: Authority, good_chain: Path) -> None:
    seen: list[str | None] = []
    with DotServer(good_chain) as server:
        server.context.sni_callback = lambda _, name, __: seen.append(name)
        for sni in (True, False):
            with box(server.port, authority).connect(probe.unverified(), sni=sni):
                pass
    assert seen == ["dns.home.arpa", None]


def test_the_next_step_names_the_port(authority: Authority) -> None:
    assert "sport = :8530" in box(8530, authority).another_program
