"""Where the programs leave things for one another below `run_dir`."""

import socket
from pathlib import Path
from typing import TYPE_CHECKING

from app.config.settings import Settings
from app.errors import OperatorError
from app.files import read_regular

if TYPE_CHECKING:
    from app.onboarding.enrolment import Enrolment

MOST_ENROLMENT_OCTETS = 1 << 18
IS_RUNNING = "is Homedot running?"
START_FIRST = f"{IS_RUNNING} Start it first"


def pair(settings: Settings) -> Path:
    """The key and chain that the front door serves: the only secret that it can read."""
    return settings.run_dir / "tls" / "pair.pem"


def public_pair(settings: Settings) -> Path:
    """The same for the public name, while there is one."""
    return settings.run_dir / "tls" / "public.pem"


def public_folder(settings: Settings) -> Path:
    """What is kept of the public name: its key and chain, the account at the authority, and what was done when."""
    return settings.data_dir / "public"


def authority_files(settings: Settings) -> tuple[Path, ...]:
    """What tells whether the authority or its leaf on the volume was replaced."""
    return settings.data_dir / "ca" / "root.pem", settings.data_dir / "tls" / "chain.pem"


def handed(run_dir: Path, user: str) -> Path:
    """The settings of this start, for the programs of `user` alone."""
    return run_dir / "settings" / f"{user}.json"


def enrolment(settings: Settings) -> Path:
    """What a device needs to join, for everybody to read."""
    return settings.run_dir / "public" / "enrolment.json"


def announced(settings: Settings) -> Path:
    """The same, kept on the volume: what devices were told last, by whichever start."""
    return settings.data_dir / "enrolment.json"


def signed_profiles(settings: Settings) -> Path:
    """The folder of profiles that are signed with the user's own certificate, for everybody to read."""
    return settings.run_dir / "public" / "signed"


def signed_profile(settings: Settings, profile: bytes) -> Path:
    """Where the signed form of `profile` is, if there is one: found by content, so it is never the form of another."""
    return signed_profiles(settings) / f"{digest(profile)}.mobileconfig"


def bogus_mark(settings: Settings) -> Path:
    """Touched by the front door when unbound has found an answer bogus."""
    return settings.run_dir / "dot" / "bogus"


def look_wish(settings: Settings) -> Path:
    """Touched by the front door when upkeep is to find out why names do not resolve."""
    return settings.run_dir / "dot" / "look"


def closer_look(settings: Settings) -> Path:
    """What upkeep has found out, for everybody to read."""
    return settings.run_dir / "public" / "closer-look.json"


def control_socket(settings: Settings) -> Path:
    """Where the front door hears other programs of ours; the folder is its own to write."""
    return settings.run_dir / "dot" / "control.sock"


def lists(settings: Settings) -> Path:
    """The compiled block lists and what is known about them: written by the program `lists`, readable by everybody."""
    return settings.data_dir / "lists"


def refresh_request(settings: Settings) -> Path:
    """Touched to have all block lists looked at now."""
    return settings.run_dir / "refresh-lists"


def reload_request(settings: Settings) -> Path:
    """Touched to have the operator's settings read now."""
    return settings.run_dir / "reload"


def accept_request(settings: Settings, compiled: str) -> Path:
    """Touched to have the next download of the list with this compiled file taken whatever its size."""
    return settings.run_dir / f"accept-{compiled}"


def bound_for_all(path: Path) -> socket.socket:
    """A Unix socket at `path` that every user may connect to."""
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(path))
    path.chmod(0o666)
    return bound


def token(settings: Settings) -> Path:
    """What lets somebody pause blocking from the setup page: the only secret that the page can read."""
    return settings.data_dir / "web" / "token"


def sign_in_code(settings: Settings) -> Path:
    """The code of this start, until it is used; the page removes it."""
    return settings.run_dir / "web" / "code"


def first_start(settings: Settings) -> Path:
    """Is there after the very first start, until somebody says that the box is theirs; the page removes it."""
    return settings.run_dir / "web" / "first"


def owner(settings: Settings) -> Path:
    """What the owner has set: written by the front door's first worker, readable by everybody."""
    return settings.data_dir / "owner" / "will.json"


def unbound_conf(settings: Settings) -> Path:
    return settings.run_dir / "unbound.conf"


def for_unbound(settings: Settings) -> Path:
    """Copies of the operator's files that unbound reads, for everybody to read."""
    return settings.run_dir / "for-unbound"


def copied_ca_bundle(settings: Settings) -> Path:
    """What programs read instead of a `resolver.ca_bundle` of the operator's own; Debian's is everybody's as it is."""
    bundle = settings.resolver.ca_bundle
    return bundle if bundle == Settings().resolver.ca_bundle else for_unbound(settings) / "ca" / bundle.name


def for_lists(settings: Settings) -> Path:
    """Copies of block lists in files that are closed to the program `lists`, for it alone to read."""
    return settings.run_dir / "for-lists"


def unbound_control(settings: Settings) -> Path:
    """Where unbound hears root, who becomes its user to be heard."""
    return settings.run_dir / "unbound" / "control"


def noted_unbound_port(settings: Settings) -> Path:
    """Where a start notes the port that it drew for unbound."""
    return settings.run_dir / "unbound.port"


def unbound_port(settings: Settings) -> int:
    """The port of 127.0.0.1 on which unbound answers; the supervisor has it reserved. Raises OperatorError."""
    path = noted_unbound_port(settings)
    if settings.resolver.port is not None and not path.exists():
        return settings.resolver.port
    try:
        return int(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OperatorError(f"{path}: cannot be read: {error}: {START_FIRST}") from error


def unsettled(settings: Settings) -> Path:
    """Is there while the choice how to resolve was made without reaching anybody, and is to be made again."""
    return settings.run_dir / "unsettled"


def supervisor_pid(settings: Settings) -> Path:
    """The process id of the supervisor, written by itself."""
    return settings.run_dir / "supervisord.pid"


def read_signed(settings: Settings, profile: bytes) -> bytes:
    """The signed form of `profile`, or `profile` itself when nobody signed it."""
    try:
        return signed_profile(settings, profile).read_bytes()
    except FileNotFoundError:
        return profile


def followed_anchor(settings: Settings) -> Path:
    """The keys of the internet's root as unbound follows them: it alone writes in that folder."""
    return settings.run_dir / "unbound" / "root.key"


def kept_anchor(settings: Settings) -> Path:
    """The same on the volume, written by upkeep."""
    return settings.data_dir / "dnssec-root.key"


def former_anchor(settings: Settings) -> Path:
    """Where earlier versions had unbound follow them. Only read, until there is the one above."""
    return settings.data_dir / "unbound" / "root.key"


def read_enrolment(settings: Settings) -> "Enrolment":
    """Raises OperatorError if there is none yet."""
    from app.onboarding.enrolment import from_json  # with OpenSSL, which upkeep can do without

    path = enrolment(settings)
    try:
        return from_json(read_regular(path, MOST_ENROLMENT_OCTETS).decode())
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}: {START_FIRST}") from error
    except ValueError as error:
        raise OperatorError(f"{path}: cannot be read: {error}; restart Homedot, which writes it again") from error


def digest(content: bytes) -> str:
    """A file's name that says of what it is."""
    from hashlib import sha256  # only who needs it loads OpenSSL

    return sha256(content).hexdigest()
