"""A certificate authority over ACME (RFC 8555), by the library of certbot; when it shall be renewed, by RFC 9773."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, cast
from urllib.parse import SplitResult, urlsplit
from weakref import finalize

import requests
from acme import challenges, errors, messages
from acme.client import ClientNetwork, ClientV2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.errors import DeserializationError
from josepy.jwa import ES256
from josepy.jwk import JWK, JWKEC
from requests.adapters import HTTPAdapter

from app.errors import PublicNameError

from .api import retry_after_s, said
from .contract import Account, NameJob, Provider, Resolve
from .order import issue

TIMEOUT_S = 30
_MOST_NONCES = 10
"""Tries of one request, where the authority says each time that its nonce is not good (RFC 8555 6.5)."""
_RATE_LIMIT_S = 3600.0
"""Where a limit is told without when it ends."""
_OF_SETTINGS = {
    "caa": "correct the CAA record of the name",
    "externalAccountRequired": "set public.eab_id and public.eab_key",
    "invalidContact": "see what it says",
    "invalidProfile": "correct public.profile",
    "rejectedIdentifier": "choose another public.name",
    "unauthorized": "see what it says",
    "unsupportedIdentifier": "choose another public.name",
    "userActionRequired": "do what it says",
}
"""What does not pass by itself, and what helps."""
_JUNK = (DeserializationError, errors.Error, KeyError, ValueError, TypeError, AttributeError)


class CertificateAuthority:
    """The one of `job`. All methods raise PublicNameError."""

    def __init__(self, job: NameJob, resolve: Resolve) -> None:
        self._host = urlsplit(job.directory).hostname or ""
        self._job = job
        self.account = job.account or Account(key_pem=_new_key())
        self._key = JWKEC(key=cast(Any, serialization.load_pem_private_key(self.account.key_pem.encode(), None)))
        self._network = _Network(self._key, job.authority_roots_pem, resolve)
        with self._told():
            self._client = ClientV2(ClientV2.get_directory(job.directory, self._network), self._network)

    def issue(self, provider: Provider, wait_until_seen: Callable[[str, list[str]], object]) -> str:
        """A chain (PEM) for the job's request, after `provider` has shown that the name is ours."""
        assert self._job.request_pem is not None  # noqa: S101 - whoever asks has one
        with self._told():
            self._sign_in()
            request, profile = self._job.request_pem.encode(), self._job.profile
            try:
                order = self._client.new_order(request, profile)
            except messages.Error as error:
                if error.code != "accountDoesNotExist":
                    raise
                self._sign_in(anew=True)
                order = self._client.new_order(request, profile)
            return issue(self._client, order, provider, wait_until_seen)

    def renewal(self, chain_pem: str) -> tuple[float | None, float]:
        """When to renew that chain, None if the authority does not say, and when to ask again: Unix times."""
        try:
            with self._told():
                renew, again = self._client.renewal_time(chain_pem.encode())
        except PublicNameError:
            return None, 0.0
        return renew.timestamp() if renew else None, again.timestamp()

    def _sign_in(self, *, anew: bool = False) -> None:
        """With the account that there is, or a new one with the same key."""
        network, url = self._network, "" if anew else self.account.url
        if not url:
            network.account = None
            registration = messages.NewRegistration.from_data(
                terms_of_service_agreed=True, external_account_binding=self._binding()
            )
            try:
                url = str(self._client.new_account(registration).uri)
            except errors.ConflictError as there:
                url = str(there.location)
            self.account = Account(key_pem=self.account.key_pem, url=url)
        network.account = messages.RegistrationResource(uri=url, body=messages.Registration())

    def _binding(self) -> dict[str, Any] | None:
        """To an account elsewhere (RFC 8555 7.3.4)."""
        job = self._job
        if job.eab_id is None or job.eab_key is None:
            return None
        public_key, directory = self._key.public_key(), self._client.directory
        return messages.ExternalAccountBinding.from_data(public_key, job.eab_id, job.eab_key, directory)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Each way in which it fails, as one sentence."""
        host = self._host
        try:
            yield
        except messages.Error as error:
            self._refused(error)
        except errors.ValidationError as error:
            told = f"{host} did not find the text in public DNS: {said(_reasons(error))}; it is tried again"
            raise PublicNameError(told) from None
        except errors.IssuanceError as error:
            self._refused(error.error)
        except (errors.TimeoutError, requests.Timeout):
            raise PublicNameError(f"{host} does not answer in time; it is tried again") from None
        except requests.exceptions.SSLError:
            told = f"{host} shows a certificate that is not trusted here: a private authority needs public.ca_bundle"
            raise PublicNameError(told) from None
        except requests.RequestException as error:
            told = f"{host} cannot be reached ({type(error).__name__}); it is tried again"
            raise PublicNameError(told, retry_after_s=self._network.retry_after_s) from None
        except _JUNK:
            told = f"{host} answered with what nobody expects; it is tried again"
            raise PublicNameError(told, retry_after_s=self._network.retry_after_s) from None

    def _refused(self, error: messages.Error) -> NoReturn:
        code, later_s = str(error.typ).rpartition(":")[2], self._network.retry_after_s
        words = said(error.detail or error.title or code or "without a reason")
        if code == "rateLimited":
            told = f"{self._host} limits how often it is asked: {words}; it is tried again later"
            raise PublicNameError(told, retry_after_s=later_s or _RATE_LIMIT_S) from None
        helps = _OF_SETTINGS.get(code)
        told = f"{self._host} refuses: {words}: {helps or 'it is tried again'}"
        raise PublicNameError(told, retry_after_s=later_s, is_of_settings=helps is not None) from None


class _Network(ClientNetwork):
    """Finds hosts by `resolve`, trusts `roots_pem` alone, and notes what the authority says about coming back."""

    def __init__(self, key: JWK, roots_pem: str, resolve: Resolve) -> None:
        roots = os.memfd_create("roots")  # the library takes a path only
        finalize(self, os.close, roots)
        with os.fdopen(roots, "wb", closefd=False) as file:
            file.write(roots_pem.encode())
        verify = cast(bool, f"/proc/self/fd/{roots}")  # it is handed to requests, which takes either
        super().__init__(key, None, ES256, verify, "homedot", TIMEOUT_S)
        self.retry_after_s = 0.0
        self.session.trust_env = False
        self.session.mount("https://", _Adapter(resolve))
        self.session.hooks["response"].append(self._note)

    def post(self, *args: Any, **kwargs: Any) -> requests.Response:
        """The library tries a second nonce, and this some more."""
        for _ in range(_MOST_NONCES):
            try:
                return super().post(*args, **kwargs)
            except messages.Error as error:
                if error.code != "badNonce":
                    raise
        return super().post(*args, **kwargs)

    def _note(self, response: requests.Response, *_: object, **__: object) -> None:
        refused = not response.ok
        self.retry_after_s = retry_after_s(response.headers.get("Retry-After")) if refused else 0.0


class _Adapter(HTTPAdapter):
    """Connects to one of the addresses that `resolve` gives, and verifies the name."""

    def __init__(self, resolve: Resolve) -> None:
        super().__init__()
        self._resolve = resolve

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        host = parts.hostname or ""
        request.headers["Host"] = parts.netloc
        self.poolmanager.connection_pool_kw |= {"server_hostname": host, "assert_hostname": host}
        *others, last = self._resolve(host)
        for address in others:
            request.url = _at(parts, address)
            with suppress(requests.ConnectionError):
                return super().send(request, *args, **kwargs)
        request.url = _at(parts, last)
        return super().send(request, *args, **kwargs)


def _at(parts: SplitResult, address: str) -> str:
    shown = f"[{address}]" if ":" in address else address
    return parts._replace(netloc=f"{shown}:{parts.port or 443}").geturl()


def _new_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _reasons(error: errors.ValidationError) -> str:
    texts = challenges.DNS01.typ
    found = [
        each.error.detail
        for failed in error.failed_authzrs
        for each in failed.body.challenges
        if each.error is not None and each.chall.typ == texts
    ]
    return ", ".join(filter(None, found)) or "without a reason"
