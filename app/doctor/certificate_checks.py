"""What the doctor asks of the certificate: would the strictest client accept it, today and tomorrow?"""

import base64
import hashlib
import ssl
from datetime import UTC, datetime, timedelta

import dns.message
import dns.rcode
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from app import dnsname, lifetime
from app.doctor.target import SEE_LOG, Box, CheckResult, fails, passes, warns

CLOCK = "set the clock of this machine right, then restart the container"
RENEW = "restart the container: it makes a new certificate; a certificate of your own you must replace yourself"
RENEW_SOON = "renew it, or find out why whatever renews it has not: the new files are taken without a restart"
REPLACE = "get another certificate from whoever made this one, and put it into `tls.certificate` and `tls.key`"
CHAIN = "the file of `tls.certificate` must hold the certificate first, then each issuer, without gaps"
ROOT = f"if a private authority of yours signed it, and devices have its root, set `tls.root` to that; else {CHAIN}"
NAME = "set `hostname` to the name in the certificate, or use a certificate for this name"
# What OpenSSL says (x509_vfy.h) and what helps.
REFUSALS = {9: CLOCK, 10: RENEW, 18: ROOT, 19: ROOT, 20: ROOT, 62: NAME}
"""Not yet valid, expired, signed by itself (twice), no issuer known, another name."""

# Apple refuses whatever lives longer, from any authority (support.apple.com/103769).
LONGEST_LIFE = timedelta(days=825)
_LEAST_RSA_BITS = 2048  # as above
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_WEAK_HASHES = {"md5", "sha1"}


def strict_query(box: Box) -> CheckResult:
    """What the strictest client demands: Python 3.13's default context (RFC 5280 profile), and the name."""
    context = ssl.create_default_context(cadata=box.root_pem or box.private_root_pem)
    context.hostname_checks_common_name = False  # RFC 9525 2: only the SAN names a server
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    with box.connect(context) as connection:
        answer = dns.message.from_wire(connection.ask(dns.message.make_query("localhost.", "A").to_wire()))
    if answer.rcode() != dns.rcode.NOERROR:
        return fails(f"localhost was answered with {dns.rcode.to_text(answer.rcode())}", SEE_LOG)
    private = "tls.root" if box.private_root_pem else "the system's authorities"
    trust = "its own authority" if box.root_pem else private
    return passes(f"{box.address} port {box.port} answers as {box.hostname}, trusted through {trust}")


def chain(box: Box) -> CheckResult:
    """Each certificate is issued by the next (RFC 5246 7.4.2; not all clients sort), and the last by the root."""
    presented = box.certificates()
    issuers = presented[1:]
    if root_pem := box.root_pem or box.private_root_pem:
        roots = x509.load_pem_x509_certificates(root_pem.encode())
        above = (root for root in roots if is_issued_by(presented[-1], root))
        issuers.append(next(above, roots[0]))  # issued itself, where it is sent too
    for certificate, issuer in zip(presented, issuers, strict=False):
        if not is_issued_by(certificate, issuer):
            return fails(f"{_subject(certificate)} is followed by {_subject(issuer)}, which did not issue it", CHAIN)
    return passes(" < ".join(_subject(certificate) for certificate in presented))


def names(box: Box) -> CheckResult:
    """SAN holds the name, and from our own authority also the address, for clients that know no name (RFC 8310 8).

    A wildcard stands for one label of three or more: clients refuse `*.org`.
    """
    presented = box.certificates()[0]
    try:
        san = presented.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return fails("the certificate has no subject alternative name", NAME)
    named = dns_names(presented)
    addresses = san.get_values_for_type(x509.IPAddress)
    listed = ", ".join([*named, *map(str, addresses)])
    if not set(dnsname.certificate_names(box.hostname)) & set(named):
        return fails(f"{box.hostname} is missing; the certificate is for {listed}", NAME)
    if box.root_pem and box.address not in addresses:
        remedy = "add it to `addresses` and restart the container"
        return fails(f"{box.address} is missing; the certificate is for {listed}", remedy)
    return passes(listed)


def dates(box: Box) -> CheckResult:
    """Valid now, not about to end, and not for longer than Apple's devices accept."""
    certificate = box.certificates()[0]
    begin, end, now = certificate.not_valid_before_utc, certificate.not_valid_after_utc, datetime.now(UTC)
    if now < begin:
        return fails(f"not valid before {begin:%Y-%m-%d}, and this machine says it is {now:%Y-%m-%d}", CLOCK)
    if now > end:
        return fails(f"expired on {end:%Y-%m-%d}, and this machine says it is {now:%Y-%m-%d}", RENEW)
    life, left = end - begin, end - now
    if life > LONGEST_LIFE:
        return fails(f"valid for {life.days} days; Apple's devices accept {LONGEST_LIFE.days}", REPLACE)
    when = f"valid until {end:%Y-%m-%d}, {lifetime.in_words(left)}"
    if now > (lifetime.late_from if box.root_pem else lifetime.last_call)(begin, end):
        return fails(f"only {when}, and not renewed", RENEW)
    return warns(f"only {when}", RENEW_SOON) if now > lifetime.late_from(begin, end) else passes(when)


def use(box: Box) -> CheckResult:
    """For servers (id-kp-serverAuth, RFC 5280 4.2.1.12; Apple demands it), and no authority."""
    extensions = box.certificates()[0].extensions
    for extension in extensions:
        if isinstance(extension.value, x509.BasicConstraints) and extension.value.ca:
            return fails("the certificate is one of an authority, not of a server", CHAIN)
    try:
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return fails("the certificate has no extended key usage: Apple's devices refuse it", REPLACE)
    if ExtendedKeyUsageOID.SERVER_AUTH not in purposes:
        return fails("the certificate is not for servers: serverAuth is missing in its extended key usage", REPLACE)
    return passes("for TLS servers")


def key(box: Box) -> CheckResult:
    """RSA of 2048 bits or a NIST curve, signed with SHA-2 (support.apple.com/103769); the pin is the one shown."""
    presented = box.certificates()
    public = presented[0].public_key()
    if isinstance(public, rsa.RSAPublicKey):
        kind, good = f"RSA of {public.key_size} bits", public.key_size >= _LEAST_RSA_BITS
    elif isinstance(public, ec.EllipticCurvePublicKey):
        kind, good = public.curve.name, isinstance(public.curve, _CURVES)
    else:
        kind, good = type(public).__name__.removesuffix("PublicKey"), False
    if not good:
        return fails(f"the key is {kind}; phones accept RSA from 2048 bits and P-256, P-384, P-521", REPLACE)
    for certificate in presented:
        signed_with = certificate.signature_hash_algorithm
        if signed_with and signed_with.name in _WEAK_HASHES and certificate.subject != certificate.issuer:
            return fails(f"{_subject(certificate)} is signed with {signed_with.name}, which clients refuse", REPLACE)
    pin = spki_pin(presented[0])
    if pin != box.spki_pin:
        remedy = "restart the container; devices that pin the key must be given the new pin"
        return fails(f"the pin is {pin}, not the one that devices were shown", remedy)
    return passes(f"{kind}, with the pin that devices were shown")


def dns_names(certificate: x509.Certificate) -> list[str]:
    """Those that it is for, in lower case."""
    try:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [name.lower() for name in san.get_values_for_type(x509.DNSName)]


def spki_pin(certificate: x509.Certificate) -> str:
    """base64 of the SHA-256 of the public key (RFC 7858 4.2)."""
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` has signed it, whatever both are for."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "a certificate without subject"
