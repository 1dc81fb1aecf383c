"""A name server of one's own: dynamic updates, signed (RFC 2136, RFC 8945)."""

from collections.abc import Sequence
from functools import cached_property
from ipaddress import ip_address
from typing import final

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.update

from app.errors import PublicNameError

_TIMEOUT_S = 10.0
_TTL_S = 60
_OF_THE_KEY = {dns.rcode.NOTAUTH, dns.rcode.REFUSED, dns.rcode.BADKEY, dns.rcode.BADSIG, dns.rcode.NOTZONE}


@final
class NameServer:
    holds_one = False
    keeps_addresses = True

    def __init__(self, name: str, token: str, server: str) -> None:
        self._name = dns.name.from_text(name)
        key_name, secret = token.split(":")
        self._where, _, port = server.partition("@")
        self._port = int(port)
        try:
            self._keys = dns.tsigkeyring.from_text({key_name: secret})
        except (ValueError, dns.exception.DNSException):
            told = "public.token: must be NAME:SECRET, the name of a TSIG key and its base64"
            raise PublicNameError(told, is_of_settings=True) from None
        self._begun = set[str]()

    @cached_property
    def _zone(self) -> dns.name.Name:
        """The zone that holds the name: whose SOA is told when it is asked for there."""
        query = dns.message.make_query(self._name, "SOA", flags=0)
        answer = self._exchange(query)
        for rrset in (*answer.answer, *answer.authority):
            if rrset.rdtype == dns.rdatatype.SOA:
                return rrset.name
        told = (
            f"{self._where} serves no zone that holds {self._name.to_text(True)}: correct public.server or public.name"
        )
        raise PublicNameError(told, is_of_settings=True)

    def check(self) -> None:
        _ = self._zone

    def set_text(self, name: str, value: str) -> None:
        """What stood there before the first one goes."""
        update = self._update()
        if name not in self._begun:
            update.delete(_absolute(name), "TXT")
        update.add(_absolute(name), _TTL_S, "TXT", f'"{value}"')
        self._exchange(update)
        self._begun.add(name)

    def remove_text(self, name: str, value: str) -> None:
        update = self._update()
        update.delete(_absolute(name), "TXT", f'"{value}"')
        self._exchange(update)

    def set_addresses(self, addresses: Sequence[str]) -> None:
        update = self._update()
        for kind in ("A", "AAAA"):
            update.delete(self._name, kind)
        for each in addresses:
            update.add(self._name, _TTL_S, "A" if ip_address(each).version == 4 else "AAAA", each)
        self._exchange(update)

    def _update(self) -> dns.update.UpdateMessage:
        return dns.update.UpdateMessage(self._zone, keyring=self._keys)

    def _exchange(self, message: dns.message.Message) -> dns.message.Message:
        """Its answer, NOERROR or NXDOMAIN. Raises PublicNameError."""
        where = f"{self._where} port {self._port}"
        try:
            answer = dns.query.tcp(message, self._where, _TIMEOUT_S, self._port)
        except dns.tsig.PeerBadTime:
            raise PublicNameError(f"{where} has another time than this box: set both clocks right") from None
        except (dns.tsig.PeerError, dns.tsig.BadSignature):
            raise self._refused(where) from None
        except dns.exception.Timeout:
            raise PublicNameError(f"{where} does not answer in time; it is tried again") from None
        except OSError as error:
            told = f"{where} cannot be reached ({error.strerror or type(error).__name__}); it is tried again"
            raise PublicNameError(told) from None
        except dns.exception.FormError as error:
            if "TSIG" in str(error):  # the answer has none: Knot 3.4 does not know the key
                raise self._refused(where) from None
            raise PublicNameError(f"{where} answered with what is no DNS; it is tried again") from None
        except (dns.exception.DNSException, EOFError):
            raise PublicNameError(f"{where} answered with what is no DNS; it is tried again") from None
        if answer.rcode() in _OF_THE_KEY:
            raise self._refused(where)
        if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            raise PublicNameError(f"{where} answered {dns.rcode.to_text(answer.rcode())}; it is tried again")
        return answer

    def _refused(self, where: str) -> PublicNameError:
        told = f"{where} refuses to change {self._name.to_text(True)}: let the key of public.token update that zone"
        return PublicNameError(told, is_of_settings=True)


def _absolute(name: str) -> dns.name.Name:
    return dns.name.from_text(name)
