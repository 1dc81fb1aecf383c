"""Enrolment -> Apple configuration profile. Pure, and the same bytes at every call.

Keys and values follow Apple's device-management schema: TopLevel, CommonPayloadKeys, com.apple.security.root and
com.apple.dnsSettings.managed.
"""

import plistlib
from typing import Any
from uuid import UUID, uuid5

from .enrolment import Enrolment
from .variant import Variant, describe, rules

CONTENT_TYPE = "application/x-apple-aspen-config"

DEFAULT = Variant()

_NAMESPACE = UUID("0d0c8a51-6f2b-4c5e-9b7e-6d1f0f1b9a53")


def mobileconfig(enrolment: Enrolment, variant: Variant = DEFAULT) -> bytes:
    """The profile that makes a device resolve over TLS, and brings the root certificate if Homedot made its own.

    Identifiers derive from the root's fingerprint, or from the host name with the user's own certificate, whose key may
    change at every renewal: a second installation, of whichever variant, replaces the first, and two households do not
    collide. Where the device knows AllowFailover (iOS and macOS 26), it may use the network's DNS while this box is
    down, unless the variant is strict.
    The schema has no place for a port: Apple devices always use 853, whatever `dot_port` is.
    Raises ValueError or ssl.SSLError if the root is not a certificate authority.
    """
    household = uuid5(_NAMESPACE, enrolment.root_sha256 or enrolment.hostname)
    addresses = [str(address) for address in enrolment.addresses]
    description = (
        f"Sends the DNS queries of this device, encrypted, to {enrolment.hostname} ({', '.join(addresses)}),"
        f" {describe(variant)}."
    )
    if enrolment.moved_on is not None:
        description += (
            f" Replaces every profile from before {enrolment.moved_on}, when the addresses, a port or the root changed."
        )
    if enrolment.root_der is not None:
        description += (
            f" Installs the root certificate {enrolment.root_name}, which can vouch only for home.arpa,"
            f" {enrolment.hostname} and home addresses. SHA-256 fingerprint: {enrolment.root_sha256}"
        )
    dns = _payload(household, "dns", "com.apple.dnsSettings.managed", f"Homedot ({enrolment.hostname})") | {
        "PayloadDescription": f"DNS over TLS to {enrolment.hostname}",
        "DNSSettings": {
            "DNSProtocol": "TLS",
            "ServerName": enrolment.hostname,
            "ServerAddresses": addresses,
            "AllowFailover": not variant.strict,
        },
        "OnDemandRules": rules(variant, enrolment.probe_urls),
    }
    profile = _payload(household, "profile", "Configuration", f"Homedot ({enrolment.hostname})") | {
        "PayloadDescription": description,
        "PayloadContent": [*_root(household, enrolment), dns],
        "PayloadRemovalDisallowed": False,
        # The DNS payload is for the whole device; macOS 26.1 refuses it without this.
        "PayloadScope": "System",
    }
    return plistlib.dumps(profile)


def _root(household: UUID, enrolment: Enrolment) -> list[dict[str, Any]]:
    if enrolment.root_der is None:
        return []
    return [
        _payload(household, "root", "com.apple.security.root", str(enrolment.root_name))
        | {
            "PayloadDescription": f"SHA-256 fingerprint: {enrolment.root_sha256}",
            "PayloadCertificateFileName": "homedot.cer",
            "PayloadContent": enrolment.root_der,
        }
    ]


def _payload(household: UUID, role: str, kind: str, name: str) -> dict[str, Any]:
    return {
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": f"arpa.home.homedot.{household}.{role}",
        "PayloadUUID": str(uuid5(household, role)).upper(),
        "PayloadDisplayName": name,
        "PayloadOrganization": "Homedot",
    }
