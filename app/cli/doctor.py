"""`homedot doctor`: this box, examined as a strict client would."""

from argparse import ArgumentParser, Namespace

from app.config.load import Loaded
from app.config.values import hostname
from app.doctor.report import AT_ONCE, examine
from app.doctor.target import BOGUS_NAME, Box, PublicSide
from app.host.interfaces import shared_by_clients
from app.onboarding.enrolment import PublicName
from app.programs import exposure
from app.programs.paths import read_enrolment

from . import as_json


def arguments(parser: ArgumentParser) -> None:
    as_json.argument(parser)
    parser.add_argument("--bogus-name", type=hostname, metavar="NAME", help="a name whose DNSSEC signatures are wrong")
    parser.add_argument("--slow-name", type=hostname, metavar="NAME", help="a name that is slow to resolve")


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Print a line for each check, or one JSON document; 1 if a check failed."""
    settings, enrolment = loaded.settings, read_enrolment(loaded.settings)
    gateways = shared_by_clients()[:1]
    box = Box(
        address=enrolment.addresses[0],
        port=enrolment.dot_port,
        hostname=enrolment.hostname,
        root_pem=enrolment.root_pem,
        private_root_pem=enrolment.private_root_pem,
        root_sha256=enrolment.root_sha256,
        spki_pin=enrolment.spki_pin,
        idle_timeout_s=settings.dot.idle_timeout,
        bogus_name=arguments.bogus_name or BOGUS_NAME,
        slow_name=arguments.slow_name,
        exposed=exposure.warnings(settings),
        blind=[exposure.blindness(gateway) for gateway in gateways],
        resolver_faults=enrolment.resolver_faults,
        public=_side(enrolment.public) if enrolment.public else None,
    )
    report = examine(box, min(AT_ONCE, settings.dot.connections_per_client))  # else the front door turns it away
    print(report.to_json() if arguments.json else report.to_text())
    return 1 if report.failed else 0


def _side(public: PublicName) -> PublicSide:
    return PublicSide(name=public.name, spki_pin=public.spki_pin, root_pem=public.root_pem, faults=public.faults)
