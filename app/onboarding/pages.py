"""What a browser shows: the templates, and what goes into them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from . import device, expiry, qr
from .blocking import PATH as BLOCKING_PATH
from .blocking import PAUSE_PATH, PAUSES, BlockingState, Look
from .enrolment import PROFILE_PATH, Enrolment
from .guides import guides, notices
from .leaving import leaving
from .profile import DEFAULT
from .snippets import snippets
from .variant import Variant, describe
from .vitals import Health

RETRY_AFTER_S = 3
"""When to ask again for what is being made."""

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at the setup page, and what for; and how blocking is at that moment.

    `here` is the kind of device, if that is known. `devices` are connected now, None if the front door does not answer;
    `health` is how this box is, None if nobody was asked.
    `fault` says what is wrong with the query that should have chosen `variant`; `is_chosen` if there was one.
    `notices` are about the way on which it came.
    """

    here: str | None = None
    devices: int | None = None
    health: Health | None = None
    variant: Variant = DEFAULT
    fault: str = ""
    is_chosen: bool = False
    blocking: BlockingState | None = None
    notices: Sequence[str] = ()


@cache
def _templates() -> tuple[Template, Template, Template]:
    """Those of the setup page, of the doctor's and of the page about blocking: to compile them takes a while."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["step"] = _step
    index, doctor, blocking = map(environment.get_template, ("index.html", "doctor.html", "blocking.html"))
    return index, doctor, blocking


class Pages:
    """The pages as HTML, their style and script; the files are read once. `about`, at the end of each, may be empty.

    `warnings` are for whoever runs this box, at the head of the setup page.
    """

    def __init__(self, about: str = "", warnings: Sequence[str] = ()) -> None:
        self._about = about
        self._warnings = warnings
        self._index, self._doctor, self._blocking = _templates()
        self.style = (_HERE / "static" / "style.css").read_bytes()
        self.script = (_HERE / "static" / "selftest.js").read_bytes()

    def index(self, enrolment: Enrolment, now: datetime, visit: Visit) -> str:
        """The setup page as it is `now` (aware)."""
        found = guides(enrolment, visit.here or "")
        first = next((guide for guide in found if guide.kind == visit.here), None)
        # An iPad says that it is a Mac; what it is touched with tells them apart, which only the style sheet knows.
        tablet = guides(enrolment, "iphone")[0] if visit.here == "mac" else None
        query = f"?{visit.variant.query}" if visit.variant.query else ""
        page = f"{enrolment.url}{query}"
        return self._index.render(
            about=self._about,
            enrolment=enrolment,
            devices=visit.devices,
            health=visit.health,
            guide=first,
            tablet=tablet,
            others=[guide for guide in found if guide is not first],
            is_apple=visit.here in ("iphone", "mac"),
            is_phone=device.has_camera_at_hand(visit.here),
            profile=f"{PROFILE_PATH}{query}",
            page=page,
            code=Markup(qr.svg(page).decode()),  # noqa: S704 - made by qr, out of squares
            variant=visit.variant,
            when=describe(visit.variant),
            fault=visit.fault,
            is_chosen=visit.is_chosen,
            notices=(*self._warnings, *visit.notices, *expiry.notices(enrolment, now), *notices(enrolment)),
            lasts=expiry.lasts(enrolment),
            snippets=snippets(enrolment),
            leaving=leaving(enrolment),
            blocking=visit.blocking,
            blocking_path=BLOCKING_PATH,
        )

    def blocking(self, look: Look) -> str:
        """The page about blocking."""
        return self._blocking.render(
            about=self._about, look=look, path=BLOCKING_PATH, pause_path=PAUSE_PATH, pauses=PAUSES
        )

    def doctor(self, latest: Mapping[str, Any] | str | None) -> str:
        """The doctor's last report (its JSON document), why there is none, or None: wait a little."""
        return self._doctor.render(
            about=self._about,
            report=latest if isinstance(latest, Mapping) else None,
            fault=latest if isinstance(latest, str) else None,
            retry_after_s=RETRY_AFTER_S,
        )


def _step(text: str) -> Markup:
    """A sentence of a step: the way through the settings with the sign that is usual for it, `commands` and the link to
    the root as such."""
    quoted = str(escape(text.replace(" > ", " › ")))
    linked = re.sub(r"http://\S+(/ca\.pem)", r'<a href="\1">\g<0></a>', quoted)
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", linked))  # noqa: S704 - escaped above
