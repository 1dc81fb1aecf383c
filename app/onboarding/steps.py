"""What the log and `homedot setup-phone` show: how each kind of device joins, as text. Pure."""

from textwrap import fill

from . import expiry, qr, snippets
from .enrolment import Enrolment
from .guides import Guide, guides, notices
from .profile import DEFAULT
from .variant import describe

WIDTH = 79
OPEN_PAGE = "Or open this page:"

_SCAN = (
    "Scan this code with a phone on the home Wi-Fi: the page that opens leads on from there. If the camera does not "
    "read it here, a computer that opens the page shows the code as well."
)


def setup_text(enrolment: Enrolment) -> str:
    """What to compare, where the setup page is and its QR code, and the steps.

    Lines have at most 79 columns, unless a URL or a host name alone is longer.
    """
    addresses = ", ".join(str(address) for address in enrolment.addresses)
    paragraphs = [
        _wrap(f"Homedot answers DNS over TLS as {enrolment.hostname} on {addresses}, port {enrolment.dot_port}."),
        "\n".join(_wrap(text, f"{label:14}", " " * 14) for label, text in _facts(enrolment)),
        *(_wrap(notice) for notice in notices(enrolment)),
    ]
    if enrolment.url is not None:
        paragraphs += [_wrap(_SCAN), f"{OPEN_PAGE} {enrolment.url}", qr.terminal(enrolment.url).rstrip("\n")]
    sections = ["\n".join(_section(guide)) for guide in guides(enrolment)]
    if enrolment.url is not None:
        away = f"A device uses this box {describe(DEFAULT)}; elsewhere the DNS of the network. The setup page has more."
        sections.insert(2, _wrap(away, "Away from home: ", "  "))
    return "\n\n".join([*paragraphs, *sections, _check(enrolment)]) + "\n"


def _check(enrolment: Enrolment) -> str:
    look = _wrap("The answer must say NOERROR, with the flag ad (validated by DNSSEC).", "Check: ", "  ")
    return "\n".join([look, *(f"    {line}" for line in snippets.kdig_lines(enrolment))])


def _facts(enrolment: Enrolment) -> list[tuple[str, str]]:
    facts = []
    if enrolment.profile_url is not None:
        facts.append(("Profile", enrolment.profile_url))
    if enrolment.root_sha256 is not None:
        half = len(enrolment.root_sha256) // 2 + 1  # after a colon
        facts += [("Root SHA-256", f"{enrolment.root_sha256[:half]} {enrolment.root_sha256[half:]}")]
    return [
        *facts,
        ("SPKI pin", enrolment.spki_pin),
        ("Certificate", expiry.lasts(enrolment)),
        ("Resolver", f"{enrolment.resolver}: {enrolment.resolver_reason}"),
    ]


def _section(guide: Guide) -> list[str]:
    if guide.short:
        return [_wrap(guide.short, f"{guide.device}: ", "  ")]
    steps = (_wrap(step.text, f"  {number}. ", "     ") for number, step in enumerate(guide.steps, 1))
    return [guide.device, *steps, *(f"    {line}" for line in guide.lines)]


def _wrap(text: str, first: str = "", rest: str = "") -> str:
    """A paragraph led by `first`, its further lines by `rest`; URLs, names and pins stay whole."""
    return fill(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
