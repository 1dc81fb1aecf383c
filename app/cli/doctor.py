"""`homedot doctor`: this box, examined as a strict client would, and what is to be done."""

import asyncio
from argparse import ArgumentParser, Namespace
from datetime import datetime
from functools import partial

from app.config.load import Loaded
from app.config.naming import in_force
from app.config.values import hostname
from app.doctor.examination import AT_ONCE, examine
from app.doctor.target import BOGUS_NAME, Box, PublicSide
from app.host.interfaces import shared_by_clients
from app.onboarding.enrolment import PublicName
from app.programs import control_client, examined, exposure
from app.programs.paths import read_enrolment

from . import as_json


def arguments(parser: ArgumentParser) -> None:
    as_json.argument(parser)
    parser.add_argument("--all", action="store_true", help="show every check, and not only what is to be done")
    parser.add_argument("--bogus-name", type=hostname, metavar="NAME", help="a name whose DNSSEC signatures are wrong")
    parser.add_argument("--slow-name", type=hostname, metavar="NAME", help="a name that is slow to resolve")


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Print what is to be done, or one JSON document. 0: nothing; 1: something; 2: that cannot be told."""
    settings, enrolment = loaded.settings, read_enrolment(loaded.settings)
    gateways = shared_by_clients()[:1]
    fault, uptime_s = examined.front_door(settings)
    lists = examined.lists(settings, uptime_s)
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
        front_door_fault=fault,
        look_up=partial(examined.look_up, settings),
        clock_fault=examined.clock_fault(),
        lists=lists.missing,
        late_lists=lists.late,
        awaited_lists=lists.awaited,
        holders=examined.holders_of(settings),
        public=_side(enrolment.public) if enrolment.public else None,
    )
    at_once = min(AT_ONCE, settings.dot.connections_per_client)  # else the front door turns it away
    if not arguments.json:
        print(asyncio.run(control_client.condition(settings)).text(datetime.now().astimezone()), end="\n\n", flush=True)
    report = examine(box, at_once, partial(in_force, loaded))
    print(report.to_json() if arguments.json else report.to_text(all_checks=arguments.all))
    return report.exit_code


def _side(public: PublicName) -> PublicSide:
    return PublicSide(name=public.name, spki_pin=public.spki_pin, root_pem=public.root_pem, faults=public.faults)
