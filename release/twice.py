"""Build one commit twice, from nothing, and say in what the file trees differ: `make reproducible`."""

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.errors import OperatorError
from release import commit, image
from release.docker import container, docker
from release.tree import Entry, differences, read

CHECKOUT = Path(__file__).parent.parent
OF_DOCKER = ("dev/console", ".dockerenv", "etc/hostname", "etc/hosts", "etc/resolv.conf", "etc/mtab", "dev", "etc")
"""What Docker itself puts into each container that it makes of an image."""


def tree(tag: str, platform: str) -> Mapping[str, Entry]:
    """All files of an image."""
    with (
        container(tag, platform) as made,
        subprocess.Popen(["docker", "export", made], stdout=subprocess.PIPE) as process,
    ):
        if process.stdout is None:
            raise OperatorError(f"docker export of {tag}: printed nothing")
        return {path: entry for path, entry in read(process.stdout).items() if path not in OF_DOCKER}


def main(argv: Sequence[str]) -> int:
    """Print a line for each difference. Returns 1 if there is any."""
    parser = argparse.ArgumentParser(prog="release.twice", description=__doc__)
    parser.add_argument("--platform", default="linux/amd64", help="default: %(default)s")
    parser.add_argument("--base", default="debian:trixie-slim", metavar="NAME", help="default: %(default)s")
    arguments = parser.parse_args(argv)
    try:
        of = commit.of(CHECKOUT)
        trees = []
        for turn in ("first", "second"):
            tag = f"homedot-twice:{turn}"
            image.build(of, arguments.platform, arguments.base, "", "--load", f"--tag={tag}")
            trees.append(tree(tag, arguments.platform))
            docker("rmi", tag)
    except OperatorError as error:
        print(f"release: {error}", file=sys.stderr)
        return 2
    found = list(differences(*trees))
    print("\n".join(found) or f"nothing differs in {len(trees[0])} paths")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
