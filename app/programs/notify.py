"""Somebody is told of news: the address of `notify.url`, in a process of its own that nobody waits for.

It is of a user that has nothing of value, follows no redirect, and does not read what is answered.
"""

import logging
import os
import signal
import ssl
import urllib.error
import urllib.request
from typing import Any

from app.config.receiver import Receiver
from app.config.settings import Settings
from app.errors import OperatorError

from . import users
from .findings_log import Findings
from .notice import News

log = logging.getLogger("homedot")

_WITHIN_S, _SOCKET_WITHIN_S = 15, 10.0
_OURS_FROM = 3


def tell(settings: Settings, news: News) -> Findings:
    """Begin to send the sentence as plain text, as ntfy takes it. Whoever fails says so in the log."""
    receiver = settings.notify.url
    if receiver is not None and os.fork() == 0:
        try:
            os.closerange(_OURS_FROM, os.sysconf("SC_OPEN_MAX"))  # else somebody waits for the end of what is ours
            signal.alarm(_WITHIN_S)
            users.become(users.LISTS)
            send(settings, receiver, news.sentence)
        except OperatorError as error:
            log.warning("%s", error)
        finally:
            os._exit(0)
    return Findings()


def send(settings: Settings, receiver: Receiver, sentence: str) -> None:
    """Raises OperatorError, which says no more of the address than its host."""
    try:
        context = ssl.create_default_context(cafile=settings.resolver.ca_bundle)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), _NoRedirect()
        )
        headers = {"Content-Type": "text/plain; charset=utf-8", "Title": f"Homedot {settings.hostname}"}
        request = urllib.request.Request(receiver.url, sentence.encode(), headers)  # noqa: S310 - http or https
        opener.open(request, timeout=_SOCKET_WITHIN_S).close()
    except urllib.error.HTTPError as error:
        error.close()
        raise OperatorError(f"notify.url: {receiver} answers with status {error.code}: check the address") from None
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        told = reason.strerror if isinstance(reason, OSError) and reason.strerror else type(reason).__name__
        raise OperatorError(f"notify.url: {receiver} could not be told: {told}") from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Who is told is who was named."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """None: then it is an error with that code."""
