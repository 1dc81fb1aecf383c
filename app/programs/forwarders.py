"""Who of the forwarders leaves signatures out is named: in the log, by the doctor, by `homedot status`, on the page."""

from dataclasses import replace
from functools import partial

from app.config.settings import Settings
from app.files import write_atomically
from app.host.event_listener import in_child
from app.trust import disk
from app.unbound.signatures import left_out_by

from . import paths, users
from .findings_log import Findings

_ASK_DEADLINE_S = 10
_LEFT_OUT = (
    "the forwarder {} leaves DNSSEC signatures out, so names that it is asked for fail: "
    "name one in resolver.forward that passes them on"
)


def blame(settings: Settings) -> Findings:
    """Ask forwarders whether they pass signatures on, and tell everybody of those that do not. Raises OperatorError."""
    before, path = paths.read_enrolment(settings), paths.enrolment(settings)
    forwarders = settings.resolver.forward if before.resolver == "forward" else ()
    found = in_child("forwarders", partial(_left_out_by, settings), _ASK_DEADLINE_S) if forwarders else []
    if not isinstance(found, list):
        return Findings()
    faults = tuple(_LEFT_OUT.format(each.tls_name or each.address) for each in forwarders if str(each) in found)
    if faults != before.resolver_faults:
        with disk.write_faults(path):
            write_atomically(path, replace(before, resolver_faults=faults).to_json().encode())
    mended = tuple(f"no more: {fault}" for fault in before.resolver_faults if fault not in faults)
    return Findings(faults=faults, news=mended)


def _left_out_by(settings: Settings) -> list[str]:
    """What strangers answer is read by unbound's user."""
    users.become(users.UNBOUND)
    return [str(each) for each in left_out_by(settings.resolver.forward, paths.copied_ca_bundle(settings))]
