"""What the doctor asks of the public name: does a client that was told nothing of us take it?"""

import ssl
from datetime import UTC, datetime

from cryptography import x509

from app import lifetime
from app.doctor.certificate_checks import spki_pin
from app.doctor.target import SEE_LOG, Box, CheckResult, cannot_tell, fails, passes, warns


def public_name(box: Box) -> CheckResult:
    """Its chain, name and dates by the root that vouches for it, and the pin that is told of it."""
    side = box.public
    if side is None:
        return passes("none is set: public.name")
    told = "; ".join(side.faults)
    if side.root_pem is None:
        wait = f"{side.name} has no certificate yet"
        return fails(f"{wait}: {told}", SEE_LOG) if told else cannot_tell(wait, "ask again in some minutes")
    context = ssl.create_default_context(cadata=side.root_pem)
    context.hostname_checks_common_name = False
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with box.connect(context, name=side.name) as connection:
        leaf = x509.load_der_x509_certificate(connection.certificate())
    if spki_pin(leaf) != side.spki_pin:
        return fails(f"{side.name} shows another key than it should", "restart the container")
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    left = f"{side.name} is good until {end:%Y-%m-%d}, {lifetime.in_words(end - datetime.now(UTC))}"
    if told:
        is_late = datetime.now(UTC) > lifetime.late_from(begin, end)
        return (fails if is_late else warns)(f"{left}, and: {told}", SEE_LOG)
    return passes(left)
