"""Make a release: `make release IMAGE=registry.example.org/homedot`. docs/release.md says what is in it.

For each platform an image is built from the commit that is checked out, started on this machine and asked strictly; all
are pushed, and joined under one name. What belongs to them is written to a folder, with its digests in SHA256SUMS.
"""

import argparse
import hashlib
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.errors import OperatorError
from release import ask, commit, image, paste, registry, sbom
from release.docker import docker, exported

CHECKOUT = Path(__file__).parent.parent


def _say(line: str) -> None:
    print(f"release: {line}", file=sys.stderr, flush=True)


def make(repository: str, platforms: Sequence[str], base: str, source: str, into: Path) -> Mapping[str, Any]:
    """Make all of it; the record of it is what `release.json` holds."""
    if "/" not in repository:
        raise OperatorError(f"IMAGE={repository}: say where it is published, like registry.example.org/homedot")
    if into.exists():
        raise OperatorError(f"{into}: what was released before is still there: move it away first")
    unfinished = into.with_name(f"{into.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    from_commit = commit.of(CHECKOUT)
    name = f"{repository}:{from_commit.version}"
    pinned = registry.pinned(base)
    made = {}
    for platform in platforms:
        tag = f"{name}-{platform.rpartition('/')[2]}"
        _say(f"building {tag} on {pinned}")
        image.build(from_commit, platform, pinned, source, "--load", f"--tag={tag}")
        seconds = ask.ask(tag, platform)
        _say(f"{tag}: {image.size_bytes(tag) / 1e6:.1f} MB, first strict answer {seconds:.1f} s after its start")
        stem = unfinished / f"homedot-{from_commit.version}-{platform.replace('/', '-')}"
        with exported(tag, platform) as files:
            bill = sbom.bill(files, from_commit, name, platform)
        stem.with_name(f"{stem.name}.cdx.json").write_text(json.dumps(bill, indent=1) + "\n")
        image.save(tag, name, stem.with_name(f"{stem.name}.tar"))
        made[platform] = {"image": registry.push(tag), "size_bytes": image.size_bytes(tag)}
        docker("rmi", tag)
    digest = registry.join(name, [str(part["image"]) for part in made.values()])
    paste.main(["--image", name, "--into", str(unfinished)])
    record = {
        "image": name,
        "digest": digest,
        "revision": from_commit.revision,
        "created": from_commit.created,
        "base": pinned,
        "platforms": made,
    }
    (unfinished / "release.json").write_text(json.dumps(record, indent=1) + "\n")
    _sum(unfinished)
    unfinished.rename(into)
    return record


def _sum(folder: Path) -> None:
    """Write SHA256SUMS over all that is in `folder`, as `sha256sum --check` reads it."""
    lines = []
    for path in sorted(folder.iterdir()):
        with path.open("rb") as opened:
            lines.append(f"{hashlib.file_digest(opened, 'sha256').hexdigest()}  {path.name}\n")
    (folder / "SHA256SUMS").write_text("".join(lines))


def main(argv: Sequence[str]) -> int:
    """Make a release, and tell which platforms are in it and which are not."""
    parser = argparse.ArgumentParser(prog="release", description=__doc__)
    parser.add_argument("--image", required=True, metavar="NAME", help="where it is published, without a tag")
    parser.add_argument("--platforms", default=",".join(image.PLATFORMS), help="default: %(default)s")
    parser.add_argument("--base", default="debian:trixie-slim", metavar="NAME", help="default: %(default)s")
    parser.add_argument("--source", default="", metavar="URL", help="where this repository is to be seen")
    into = Path("artifacts/release")
    parser.add_argument("--into", type=Path, default=into, metavar="FOLDER", help="default: %(default)s")
    arguments = parser.parse_args(argv)
    platforms = arguments.platforms.split(",")
    try:
        if unknown := set(platforms) - set(image.PLATFORMS):
            possible = ", ".join(image.PLATFORMS)
            raise OperatorError(f"PLATFORMS: {', '.join(sorted(unknown))}: only {possible} can be built")
        record = make(registry.repository(arguments.image), platforms, arguments.base, arguments.source, arguments.into)
    except OperatorError as error:
        print(f"release: {error}", file=sys.stderr)
        return 2
    _say(f"{record['image']}@{record['digest']} for {', '.join(platforms)}")
    if missing := [platform for platform in image.PLATFORMS if platform not in platforms]:
        _say(f"not for {', '.join(missing)}: PLATFORMS left it out")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
