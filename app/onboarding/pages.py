"""What a browser shows: the templates, and what goes into them."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import expiry, steps
from .enrolment import Enrolment
from .snippets import snippets

RETRY_AFTER_S = 3
"""When to ask again for what is being made."""

_HERE = Path(__file__).parent


class Pages:
    """The pages as HTML, and their style; the files are read once."""

    def __init__(self) -> None:
        templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._index = templates.get_template("index.html")
        self._doctor = templates.get_template("doctor.html")
        self.style = (_HERE / "static" / "style.css").read_bytes()

    def index(self, enrolment: Enrolment, now: datetime) -> str:
        """The setup page as it is `now` (aware)."""
        return self._index.render(
            enrolment=enrolment,
            guides=steps.guides(enrolment),
            notices=(*expiry.notices(enrolment, now), *steps.notices(enrolment)),
            lasts=expiry.lasts(enrolment),
            snippets=snippets(enrolment),
        )

    def doctor(self, latest: Mapping[str, Any] | str | None) -> str:
        """The doctor's last report (its JSON document), why there is none, or None: wait a little."""
        return self._doctor.render(
            report=latest if isinstance(latest, Mapping) else None,
            fault=latest if isinstance(latest, str) else None,
            retry_after_s=RETRY_AFTER_S,
        )
