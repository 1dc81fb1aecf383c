"""README and docs/ as data: their blocks of commands and settings, and how each says that it is proved.

The words after a fence's language are that claim; browsers do not show them.

    sh run: PLACE, PLACE     a test runs it as it stands, in each of these PLACES, in ORDER
    sh not run: WHY          nothing can: WHY says what is missing
    yaml settings            the product's own loader takes it as a homedot.yaml, or as a part of one
    yaml environment         the same for what stands under `environment:` in a compose file
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from app.config.settings import leaves

CHECKOUT = Path(__file__).parent.parent
EXAMPLE = CHECKOUT / "config/homedot.example.yaml"

DOCUMENTS = ("README.md", "CONTRIBUTING.md", *sorted(f"docs/{path.name}" for path in CHECKOUT.glob("docs/*.md")))
"""In the order in which they are read."""

ORDER = (
    "docs/install.md",
    *(each for each in DOCUMENTS if "install" not in each and "backup" not in each),
    "docs/backup.md",
)
"""In which they are run: README sends those without a host network to install.md first, and backup.md ends it all."""

PLACES = {
    "clone": "a clone of this repository, on a machine with Docker that has the address 192.168.1.10",
    "clone-bridge": "the same, where there is no host network",
    "pasted": "a folder with deploy/compose.yaml as compose.yaml, on such a machine",
    "pasted-bridge": "a folder with deploy/compose.bridge.yaml as compose.yaml",
    "debian": "a clone on Debian without Docker, as root, while `make run` runs in another terminal",
    "linux": "a computer with systemd-resolved in the same network, as root",
}


@dataclass(frozen=True, slots=True)
class Block:
    """One block of `document`, from `line` on; `claim` is what follows its `language`, "" if it says nothing."""

    document: str
    line: int
    language: str
    claim: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.document}:{self.line}"

    @property
    def places(self) -> tuple[str, ...]:
        """Where it is run, none if nowhere."""
        kind, _, named = self.claim.partition("run: ")
        return tuple(named.split(", ")) if kind == "" and named else ()


def shown_settings() -> dict[str, object]:
    """By name, each setting with what the example shows for it behind a #."""
    text = re.sub(r"^(\s*)#(\w+:)", r"\1\2", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    known, found = {leaf.name for leaf in leaves()}, dict[str, object]()
    for key, value in yaml.safe_load(text).items():
        inner = {} if key in known else value
        found |= {f"{key}.{name}": each for name, each in inner.items()} or {key: value}
    return found


def text_of(document: str) -> str:
    return (CHECKOUT / document).read_text(encoding="utf-8")


def blocks(document: str, text: str) -> Iterator[Block]:
    """Fenced and indented blocks (CommonMark 4.4, 4.5), as far as these documents use them: none inside of lists."""
    lines = text.splitlines()
    fence, begun, held = "", 0, list[str]()
    for number, line in enumerate(lines, 1):
        if fence:
            if line == "```":
                language, _, claim = fence.partition(" ")
                yield Block(document, begun, language, claim, "".join(f"{each}\n" for each in held))
                fence, held = "", []
            else:
                held.append(line)
        elif line.startswith("```"):
            fence, begun = line[3:] or "?", number
        elif line.startswith(("    ", "\t")) and (number == 1 or not lines[number - 2].strip()):
            yield Block(document, number, "indented", "", f"{line.strip()}\n")
    assert not fence, f"{document}:{begun}: the block has no end"


def all_blocks() -> list[Block]:
    return [block for document in ORDER for block in blocks(document, text_of(document))]


def run_in(place: str) -> list[Block]:
    """What is run there, in its order."""
    return [block for block in all_blocks() if place in block.places]


def prose(text: str) -> str:
    """`text` without its fenced blocks, comments and pictures' addresses."""
    without = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"<!--.*?-->", "", without, flags=re.DOTALL)


def spans(text: str) -> list[str]:
    """What stands between backticks in the prose, each on one line, `\\|` of tables as `|`."""
    found = re.findall(r"(?<!`)`([^`]+)`(?!`)", prose(text))
    return [" ".join(span.split()).replace("\\|", "|") for span in found]


def anchors(text: str) -> set[str]:
    """The fragments by which GitHub reaches the headings."""
    headings = re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(text: str) -> list[str]:
    """Targets of links and pictures."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(text))
