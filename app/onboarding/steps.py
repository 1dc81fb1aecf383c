"""How each kind of device joins, in words: for the log, for `homedot setup-phone` and for the setup page. Pure."""

from dataclasses import dataclass
from textwrap import fill

from . import expiry, qr, snippets
from .enrolment import Enrolment
from .snippets import DOT_PORT

WIDTH = 79


@dataclass(frozen=True, slots=True)
class Guide:
    """One kind of device: steps in their order, then the lines to type or to put into a file.

    `short` is the same in one sentence, for the log.
    """

    device: str
    steps: tuple[str, ...]
    lines: tuple[str, ...] = ()
    short: str = ""


def setup_text(enrolment: Enrolment) -> str:
    """What the log shows at start: where the profile is, its QR code, what to compare, and the steps.

    Lines have at most 79 columns, unless a URL or a host name alone is longer.
    """
    addresses = ", ".join(str(address) for address in enrolment.addresses)
    paragraphs = [
        _wrap(f"Homedot answers DNS over TLS as {enrolment.hostname} on {addresses}, port {enrolment.dot_port}."),
        "\n".join(_wrap(text, f"{label:14}", " " * 14) for label, text in _facts(enrolment)),
        *(_wrap(notice) for notice in notices(enrolment)),
    ]
    if enrolment.profile_url is not None:
        paragraphs.append(qr.terminal(enrolment.profile_url).rstrip("\n"))
    paragraphs += ["\n".join(_section(guide)) for guide in guides(enrolment)]
    return "\n\n".join(paragraphs) + "\n"


def notices(enrolment: Enrolment) -> tuple[str, ...]:
    """What stands in the way of some devices, each with the next step."""
    found = []
    if enrolment.moved_on is not None:
        found.append(
            f"The addresses or the root of this box changed on {enrolment.moved_on}: "
            f"on every device that was set up before, scan the code and install the profile again."
        )
    if enrolment.dot_port != DOT_PORT:
        found.append(
            f"Phones and Macs always use port {DOT_PORT}, and this box listens on {enrolment.dot_port}: "
            f"set dot.port to {DOT_PORT}, or forward port {DOT_PORT} to it."
        )
    if enrolment.url is None:
        found.append("The setup page is off, and with it the profile for Apple devices: set web.enabled to true.")
    return tuple(found)


def guides(enrolment: Enrolment) -> tuple[Guide, ...]:
    """Every kind of device that can join with this certificate, and what the others lack."""
    apple = () if enrolment.url is None else (_iphone(enrolment), _mac(enrolment), _away())
    return (*apple, _android(enrolment), _linux(enrolment), _check(enrolment))


def _iphone(enrolment: Enrolment) -> Guide:
    look = "" if enrolment.root_pem is None else " More Details shows the root's SHA-256 fingerprint: compare it."
    trust = (
        ()
        if enrolment.root_pem is None
        else (f"Settings > General > About > Certificate Trust Settings: switch on {enrolment.root_name}.",)
    )
    return Guide(
        "iPhone, iPad",
        (
            "On the home Wi-Fi, scan the QR code with the camera, or open the profile's address in Safari.",
            "Allow the download of the profile.",
            f"Settings > Profile Downloaded > Install.{look}",
            *trust,
            "Check: Settings > General > VPN & Device Management > DNS shows Homedot, and a web page opens.",
        ),
    )


def _mac(enrolment: Enrolment) -> Guide:
    return Guide(
        "Mac",
        (f"Open {enrolment.profile_url}, then install it in System Settings > General > Device Management.",),
    )


def _away() -> Guide:
    return Guide(
        "Away from home",
        (
            "The profile always asks this box, which is at home. Elsewhere, choose Automatic in Settings > General > "
            "VPN & Device Management > DNS.",
        ),
    )


def _android(enrolment: Enrolment) -> Guide:
    if enrolment.root_pem is None:
        text = (
            f"Settings > Network & internet > Private DNS > hostname: {enrolment.hostname}. "
            "It works if the certificate is publicly trusted "
            f"and the name resolves to {enrolment.addresses[0]} in public DNS."
        )
    else:
        text = (
            "Private DNS by name accepts publicly trusted certificates only and ignores installed roots. "
            "To use it, set tls.certificate and tls.key to such a certificate."
        )
    return Guide("Android", (text,))


def _linux(enrolment: Enrolment) -> Guide:
    steps: tuple[str, ...] = (
        "Put these lines into /etc/systemd/resolved.conf.d/homedot.conf, then run: systemctl restart systemd-resolved",
    )
    source = snippets.root_source(enrolment)
    if enrolment.root_pem is not None:
        steps = (f"Save {source} as {snippets.ROOT_FILE}, then run: update-ca-certificates", *steps)
    lines = snippets.resolved_lines(enrolment)
    trust = "" if enrolment.root_pem is None else f"trust {source} (update-ca-certificates), then "
    return Guide("Linux", steps, lines, f"{trust}set {', '.join(lines[1:])} for systemd-resolved.")


def _check(enrolment: Enrolment) -> Guide:
    return Guide(
        "Check",
        ("The answer must say NOERROR, with the flag ad (validated by DNSSEC).",),
        snippets.kdig_lines(enrolment),
    )


def _facts(enrolment: Enrolment) -> list[tuple[str, str]]:
    facts = []
    if enrolment.profile_url is not None:
        facts += [("Profile", enrolment.profile_url), ("Setup page", str(enrolment.url))]
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
    if len(guide.steps) == 1:
        head = [_wrap(guide.steps[0], f"{guide.device}: ", "  ")]
    else:
        head = [guide.device, *(_wrap(step, f"  {number}. ", "     ") for number, step in enumerate(guide.steps, 1))]
    return head + [f"    {line}" for line in guide.lines]


def _wrap(text: str, first: str = "", rest: str = "") -> str:
    """A paragraph led by `first`, its further lines by `rest`; URLs, names and pins stay whole."""
    return fill(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
