"""Whose name is it? A rule and a table against a `hostname` that an authority of one home must not certify. Pure.

It keeps people from a mistake and nobody from an attack: whoever sets the hostname has the box. What the list of public
suffixes knows beyond it is not here; docs/decisions/0022-what-the-authority-may-sign.md weighs that.
"""

from app import dnsname
from app.specialnames import SPECIAL_NAMES

_ONLY_AT_HOME = {
    *(name for each in SPECIAL_NAMES for name in each.names),
    *("example", "lan", "home", "corp", "mail", "internal", "intranet", "private", "localdomain"),
}
"""Nobody registers names there (RFC 2606, RFC 6762 G, ICANN's resolutions of 2018 and 2024)."""

_WELL_KNOWN = (
    # Where people pay, write, sign in and read, and the resolvers that devices know by name.
    "1password.com", "adguard-dns.com", "adguard-dns.io", "adguard.com", "akamai.net", "akamaiedge.net",
    "aliyun.com", "amazon.co.uk", "amazon.com", "amazon.de", "amazonaws.com", "android.com", "apple", "apple.com",
    "archive.org", "azure.com", "baidu.com", "bankofamerica.com", "bing.com", "bitwarden.com", "booking.com",
    "chase.com", "cisco.com", "citibank.com", "cloudflare-dns.com", "cloudflare.com", "cloudfront.net",
    "coinbase.com", "controld.com", "debian.org", "discord.com", "disneyplus.com", "dns.google", "dns.sb",
    "dns0.eu", "docker.com", "docker.io", "dropbox.com", "ebay.com", "ebay.de", "facebook.com", "fastly.net",
    "fb.com", "github.com", "githubusercontent.com", "gitlab.com", "gmail.com", "gmx.net", "google", "google.com",
    "google.de", "googleapis.com", "gstatic.com", "hotmail.com", "ibm.com", "icloud.com", "instagram.com",
    "letsencrypt.org", "linkedin.com", "live.com", "mastercard.com", "microsoft", "microsoft.com",
    "microsoftonline.com", "mozilla.com", "mozilla.org", "mullvad.net", "netflix.com", "nextdns.io", "office.com",
    "office365.com", "one.one", "openai.com", "opendns.com", "oracle.com", "outlook.com", "paypal.com", "paypal.me",
    "pinterest.com", "proton.me", "protonmail.com", "quad9.net", "reddit.com", "revolut.com", "samsung.com",
    "signal.org", "skype.com", "sparkasse.de", "spotify.com", "stripe.com", "telegram.org", "tiktok.com",
    "twitch.tv", "twitter.com", "ubuntu.com", "ui.com", "visa.com", "web.de", "wellsfargo.com", "whatsapp.com",
    "whatsapp.net", "wikipedia.org", "windows.com", "windows.net", "windowsupdate.com", "x.com", "xbox.com",
    "yahoo.com", "yandex.ru", "youtube.com", "zoom.us",
)  # fmt: skip


def why_not(hostname: str) -> str | None:
    """Why an authority of a home must not certify `hostname` (lower case), as the end of a sentence that begins with
    the setting; None if nothing speaks against it."""
    for name in _WELL_KNOWN:
        if dnsname.is_at_or_below(hostname, name):
            return f"must be a name of your own: {name} is somebody else's"
    if hostname.count(".") == 1 and not is_only_at_home(hostname):
        return (
            f"must be a name below the one that you registered, like dns.{hostname}: an authority for {hostname} "
            f"could sign for everything below it, and names such as co.uk and duckdns.org are many people's"
        )
    return None


def is_only_at_home(name: str) -> bool:
    """Whether nobody can register `name` (lower case) in public DNS."""
    return any(dnsname.is_at_or_below(name, each) for each in _ONLY_AT_HOME)
