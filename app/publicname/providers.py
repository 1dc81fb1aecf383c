"""The provider of a job."""

from collections.abc import Callable

from .acmedns import AcmeDns
from .api import ApiClient
from .cloudflare import Cloudflare
from .contract import NameJob, Provider, Resolve
from .desec import DeSec
from .duckdns import DuckDns
from .hook import Hook
from .rfc2136 import NameServer

_MAKERS: dict[str, Callable[[NameJob, ApiClient], Provider]] = {
    "duckdns": lambda job, web: DuckDns(web, job.name, job.token or "", job.server),
    "desec": lambda job, web: DeSec(web, job.name, job.token or "", job.server),
    "cloudflare": lambda job, web: Cloudflare(web, job.name, job.token or "", job.server),
    "acme-dns": lambda job, web: AcmeDns(web, job.name, job.token or "", job.server or ""),
    "rfc2136": lambda job, _: NameServer(job.name, job.token or "", job.server or ""),
    "hook": lambda job, _: Hook(job.hook or "", job.name, job.token),
}


def provider_of(job: NameJob, resolve: Resolve) -> Provider:
    """Raises PublicNameError for a token that cannot be one."""
    return _MAKERS[job.provider](job, ApiClient(resolve, job.roots_pem))
