"""The certificate's part of upkeep: when it must be looked at closely, and that.

A close look loads the certificate library, which on a Raspberry Pi takes a second: not every minute.
"""

from app.config.settings import Settings
from app.errors import OperatorError
from app.files import stamp
from app.host import addresses
from app.host.grace_period import GracePeriod
from app.host.wall_clock import LEAST_S, WallClock
from app.lists import paths as list_paths
from app.trust import clock

from . import paths
from .findings_log import Findings

STILL_SERVING = "still serving the previous certificate"


def situation(settings: Settings, grace_period: GracePeriod) -> object:
    """All that a renewal depends on, but for a certificate's age. `grace_period` sees the addresses that are there."""
    tls = settings.tls
    # The lock of the lists is never written to: it tells whether their folder is still there.
    lists = list_paths.compile_lock(paths.lists(settings))
    watched = (*paths.authority_files(settings), paths.pair(settings), tls.certificate, tls.key, tls.root, lists)
    # A clock that was set, forward or back, makes another of it; one that is only kept right hardly ever does.
    date = clock.now() is not None, WallClock().lead_s() // LEAST_S
    return _addresses(settings, grace_period), grace_period.expected(), date, [stamp(path) for path in watched if path]


def renew(settings: Settings, grace_period: GracePeriod) -> Findings:
    """The close look. Raises OperatorError."""
    from .bootstrap import identify  # in a child: it needs the certificate library

    return identify(settings, grace_period)


def _addresses(settings: Settings, grace_period: GracePeriod) -> object:
    try:
        found = addresses.effective(settings.addresses)
        grace_period.see(found)
        return found
    except OperatorError as error:
        return error.faults
    except OSError as error:
        return error.strerror
