"""The Apple profiles, signed in advance for the web process to give away."""

from app.config.settings import Settings
from app.errors import OperatorError
from app.files import write_atomically
from app.onboarding.enrolment import Enrolment
from app.onboarding.profile import mobileconfig
from app.onboarding.variant import WITHOUT_NAMES
from app.trust import clock, signing
from app.trust.store import Identity

from . import paths


def publish_profiles(settings: Settings, identity: Identity, enrolment: Enrolment) -> None:
    """Sign the profiles with the user's own certificate, here, because the web process may not read its key.

    Each is written once for each content and certificate, and not without the time, which is in it. One that is signed
    with our own authority would tell a device nothing, which learns of that authority from the profile itself.
    """
    is_wanted = identity.root_pem is None and enrolment.url is not None and clock.now() is not None
    contents = [mobileconfig(enrolment, variant) for variant in WITHOUT_NAMES] if is_wanted else []
    profiles = {paths.signed_profile(settings, content): content for content in contents}
    folder = paths.signed_profiles(settings)
    try:
        folder.mkdir(mode=0o755, exist_ok=True)
        for path in set(folder.iterdir()) - profiles.keys():
            path.unlink()
        for path, content in profiles.items():
            if not (path.exists() and signing.is_signed_with(path.read_bytes(), identity.chain_pem)):
                write_atomically(path, signing.sign(content, identity.pair_pem))
    except OSError as error:
        raise OperatorError(f"{folder}: cannot be written: {error.strerror}") from error
