"""How each kind of device joins, in the words that the device itself uses. Pure.

Sources: Apple's iPhone User Guide and Mac User Guide on configuration profiles (under General, Device Management since
macOS 15, before under Privacy & Security, Profiles), its "Trust manually installed certificate profiles" for iOS, and
"Change certificate trust policies" for Keychain Access.
"""

from dataclasses import dataclass, replace

from . import snippets
from .enrolment import Enrolment
from .leaving import leaving
from .snippets import DOT_PORT

PLAIN_PORT = 53  # RFC 1035 4.2; what DHCP hands out has no place for another
AFTER_A_MOVE = "on every device that was set up before, scan the code and install the profile again"


@dataclass(frozen=True, slots=True)
class Step:
    """`do` is what to do, `see` what the device shows or why."""

    do: str
    see: str = ""

    @property
    def text(self) -> str:
        return f"{self.do} {self.see}".rstrip()


@dataclass(frozen=True, slots=True)
class Guide:
    """One kind of device: steps in their order, then the lines to type or to put into a file.

    `short` is the same in one sentence, for the log; `leave` says how the device leaves again.
    """

    kind: str
    device: str
    steps: tuple[Step, ...]
    lines: tuple[str, ...] = ()
    short: str = ""
    leave: str = ""


def guides(enrolment: Enrolment, here: str | None = None) -> tuple[Guide, ...]:
    """Every kind of device, its `kind` one of device.KINDS. `here` is the one that shows the page; None for the log."""
    apple = (
        ()
        if enrolment.url is None
        else (_iphone(enrolment, is_here=here == "iphone"), _mac(enrolment, on_page=here is not None))
    )
    found = (*apple, _android(enrolment), _windows(enrolment), _linux(enrolment))
    ways_out = leaving(enrolment)
    return tuple(replace(guide, leave=ways_out[guide.kind]) for guide in found)


def _iphone(enrolment: Enrolment, *, is_here: bool) -> Guide:
    scan = Step(
        f"On the home Wi-Fi, scan the QR code with the camera, or open {enrolment.url} in Safari.",
        "The page shows these steps on the device.",
    )
    fetch = Step("Tap Get the profile, and allow the download.", "iOS then says Profile Downloaded.")
    install = Step("Settings > Profile Downloaded > Install.", "iOS asks for your passcode.")
    trust: tuple[Step, ...] = ()
    if enrolment.root_pem is not None:
        look = f"More Details shows the root's SHA-256 fingerprint: {_compare(on_page=is_here)}"
        install = Step(install.do, f"{install.see} It is marked Not Signed, because it comes from your own box. {look}")
        only = f"It can vouch only for home.arpa, {enrolment.hostname} and home addresses."
        where = "Settings > General > About > Certificate Trust Settings"
        trust = (Step(f"{where}: switch on {enrolment.root_name}.", only),)
    shows = "Settings > General > VPN & Device Management > DNS shows Homedot"
    check = Step(f"Check: {shows}, and a web page opens.")
    if is_here:
        fetch = replace(fetch, see=f"{fetch.see} If it does not, open this page in Safari.")
        check = Step("Come back to this page and tap Test this device, below.", f"{shows}.")
    return Guide("iphone", "iPhone, iPad", (*(() if is_here else (scan,)), fetch, install, *trust, check))


def _mac(enrolment: Enrolment, *, on_page: bool) -> Guide:
    settings = "System Settings > General > Device Management"
    fetch = "Click Get the profile." if on_page else f"Open {enrolment.profile_url} in Safari."
    compare = (
        ""
        if enrolment.root_pem is None
        else f" Details shows the root's SHA-256 fingerprint: {_compare(on_page=on_page)}"
    )
    steps = [
        Step(fetch, "macOS says that the profile can be reviewed in System Settings."),
        Step(
            f"{settings}: double-click Homedot, then Install.",
            f"Before macOS 15 it is Privacy & Security > Profiles. macOS asks for your password.{compare}",
        ),
    ]
    if enrolment.root_pem is not None:
        see = (
            "Spotlight finds Keychain Access. Until the root is trusted, no name resolves. "
            f"It can vouch only for home.arpa, {enrolment.hostname} and home addresses."
        )
        trust = f"Keychain Access > System > Certificates: double-click {enrolment.root_name}"
        steps.append(Step(f"{trust}, and under Trust choose Always Trust if it is not trusted yet.", see))
    if on_page:
        steps.append(Step("Come back to this page and click Test this device, below."))
    return Guide("mac", "Mac", tuple(steps), (), f"Open {enrolment.profile_url}, then install it in {settings}.")


def _compare(*, on_page: bool) -> str:
    """The page came over the same unencrypted way as the profile: only the log is worth a comparison."""
    return "compare it with the log of the box." if on_page else "compare it."


def _android(enrolment: Enrolment) -> Guide:
    name, address = enrolment.hostname, enrolment.addresses[0]
    if enrolment.root_pem is None:
        by_name = Step(
            f"Settings > Network & internet > Private DNS > hostname: {name}.",
            f"It works if the certificate is publicly trusted and the name resolves to {address} in public DNS.",
        )
        return Guide("android", "Android", (by_name,), (), by_name.text)
    truth = "Private DNS by name accepts publicly trusted certificates only and ignores installed roots."
    other = "To use it, set tls.certificate and tls.key to such a certificate."
    router = f"In your router, make {address} the DNS server of the home."
    automatic = Step(
        "Settings > Network & internet > Private DNS: Automatic.",
        "Android then encrypts by itself, without checking the certificate.",
    )
    plain = Step(f"Set plain.enabled to true, and plain.port to {PLAIN_PORT}.", "Android finds it by plain DNS only.")
    first = () if enrolment.plain_port == PLAIN_PORT else (plain,)
    steps = (Step(truth, other), *first, Step(router), automatic)
    return Guide("android", "Android", steps, (), f"{truth} {other}")


def _windows(enrolment: Enrolment) -> Guide:
    ready = next(each for each in snippets.snippets(enrolment) if each.kind == "windows")
    trust = _save(enrolment, "ca.pem")
    run = Step(
        "Run these lines, with the name of your network in place of Ethernet.",
        "`netsh interface show interface` lists them. A Windows that does not know `dothost` cannot do DNS over TLS.",
    )
    steps = (*trust, Step("Open Terminal as administrator."), run)
    return Guide("windows", "Windows", steps, ready.lines, "`homedot snippet windows` prints the lines to run.")


def _linux(enrolment: Enrolment) -> Guide:
    place = "/etc/systemd/resolved.conf.d/homedot.conf"
    steps: tuple[Step, ...] = (
        Step(f"Put the lines below into `{place}`."),
        Step("Run `systemctl restart systemd-resolved` as root."),
    )
    source = snippets.root_source(enrolment)
    if enrolment.root_pem is not None:
        steps = (*_save(enrolment, snippets.ROOT_FILE), Step("Run `update-ca-certificates` as root."), *steps)
    lines = snippets.resolved_lines(enrolment)
    trust = "" if enrolment.root_pem is None else f"trust {source} (update-ca-certificates), then "
    return Guide("linux", "Linux", steps, lines, f"{trust}set {', '.join(lines[1:])} for systemd-resolved.")


def _save(enrolment: Enrolment, file: str) -> tuple[Step, ...]:
    """How the root certificate gets onto a computer; nothing with a user's certificate."""
    if enrolment.root_pem is None:
        return ()
    return (
        Step(f"Save {snippets.root_source(enrolment)} as `{file}`.", f"SHA-256 fingerprint: {enrolment.root_sha256}"),
    )


def notices(enrolment: Enrolment) -> tuple[str, ...]:
    """What stands in the way of some devices, each with the next step."""
    found = list(enrolment.out_of_reach)
    if enrolment.moved_on is not None:
        found.append(f"The addresses, a port or the root of this box changed on {enrolment.moved_on}: {AFTER_A_MOVE}.")
    if enrolment.dot_port != DOT_PORT:
        found.append(
            f"Phones and Macs always use port {DOT_PORT}, and this box answers on {enrolment.dot_port}: "
            f"set dot.port to {DOT_PORT}, or publish or forward port {DOT_PORT} to it."
        )
    if enrolment.url is None:
        found.append("The setup page is off, and with it the profile for Apple devices: set web.enabled to true.")
    return *found, *enrolment.resolver_faults, *(enrolment.public.faults if enrolment.public else ())
