"""One order at an authority: each name is shown to be ours by a text in public DNS (DNS-01, RFC 8555 8.4)."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from acme import errors, messages
from acme.challenges import DNS01
from acme.client import ClientV2

from app.errors import PublicNameError

from .contract import Provider

VALIDATION_S = 180.0
ISSUE_S = 120.0
_FIRST_LOOK_S, _LAST_LOOK_S = 0.25, 5.0


def issue(
    client: ClientV2,
    order: messages.OrderResource,
    provider: Provider,
    wait_until_seen: Callable[[str, list[str]], object],
) -> str:
    """The chain (PEM). Raises what the library raises, and PublicNameError.

    `wait_until_seen` is given a name and the texts that shall be there. Where there is room for one text only, one
    name is shown after the other: `a.example` and `*.a.example` have theirs at the same place.
    """
    pending = [each for each in order.authorizations if each.body.status == messages.STATUS_PENDING]
    size = 1 if provider.holds_one else len(pending)
    for begin in range(0, len(pending), max(size, 1)):
        _show(client, pending[begin : begin + size], provider, wait_until_seen)
    deadline = datetime.now() + timedelta(seconds=ISSUE_S)  # noqa: DTZ005 - as the library has it
    return str(client.finalize_order(order, deadline).fullchain_pem)


def _show(
    client: ClientV2,
    authorizations: Sequence[messages.AuthorizationResource],
    provider: Provider,
    wait_until_seen: Callable[[str, list[str]], object],
) -> None:
    """Some names at once; their texts are taken away whatever comes of it."""
    there: dict[str, list[str]] = {}
    answers = []
    try:
        for each in authorizations:
            body = _dns_challenge(each)
            response, text = body.chall.response_and_validation(client.net.key)
            name = body.chall.validation_domain_name(each.body.identifier.value)
            provider.set_text(name, text)
            there.setdefault(name, []).append(text)
            answers.append((each, body, response))
        for name, texts in there.items():
            wait_until_seen(name, texts)
        for _, body, response in answers:
            client.answer_challenge(body, response)
        failed = [ended for each, *_ in answers if (ended := _ended(client, each)).body.status != messages.STATUS_VALID]
        if failed:
            raise errors.ValidationError(failed)
    finally:
        for name, texts in there.items():
            for text in texts:
                with suppress(PublicNameError):  # what is left over does no harm, and an order that went well counts
                    provider.remove_text(name, text)


def _dns_challenge(authorization: messages.AuthorizationResource) -> messages.ChallengeBody:
    for body in authorization.body.challenges:
        if isinstance(body.chall, DNS01):
            return body
    told = f"the authority offers no way to show by DNS that {authorization.body.identifier.value} is yours"
    raise PublicNameError(f"{told}: set public.directory to another one", is_of_settings=True)


def _ended(client: ClientV2, authorization: messages.AuthorizationResource) -> messages.AuthorizationResource:
    """As it is when it is decided. Raises errors.TimeoutError."""
    end_s, pause_s = time.monotonic() + VALIDATION_S, _FIRST_LOOK_S
    while time.monotonic() < end_s:
        authorization, _ = client.poll(authorization)
        if authorization.body.status != messages.STATUS_PENDING:
            return authorization
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, _LAST_LOOK_S)
    raise errors.TimeoutError
