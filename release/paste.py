"""The two compose files that work alone, pasted into Portainer, Container Manager, CasaOS or an empty folder.

This is the one source of all four: the files in `deploy/` are written by it, and those of the clone extend these.

    python -m release.paste --image registry.example.org/homedot:0.2.0 --into artifacts

What they must do without, because somebody who pastes has neither a shell nor a folder: `build`, files beside them,
variables of the shell. Values stand in them as they are. They set no logging driver, because Synology's Container
Manager shows only the logs of its own.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from app import __version__

_HOST = {
    "about": """\
# Homedot: encrypted DNS for your home. This file needs nothing beside it: paste it where your machine takes compose
# files, or put it into an empty folder and run: docker compose up -d
# Then look into the log: it shows a QR code and what to do next.""",
    "network": """\
    network_mode: host  # devices reach the machine's own address, and Homedot sees theirs""",
    "addresses": "# the address of this machine; empty: found by itself",
}
_BRIDGE = {
    "about": """\
# Homedot: encrypted DNS for your home, on a bridge network with published ports, for machines where host networking is
# not to be had (Docker Desktop, some NAS). It cannot see the machine's address from there: write it below, at
# HOMEDOT_ADDRESSES. Nothing else is needed: paste the file where your machine takes compose files, or put it into an
# empty folder and run: docker compose up -d
# Then look into the log: it shows a QR code and what to do next.""",
    "network": """\
    ports:
      # Of each line change only the number in the middle, the last one is the container's, and write it below at
      # HOMEDOT_WEB__PUBLIC_PORT (8853) or HOMEDOT_DOT__PUBLIC_PORT (853) too. On IPv4 only, 0.0.0.0:
      # whoever comes over IPv6 would look like the engine itself, and a stranger like somebody of the house.
      - "0.0.0.0:853:853/tcp"
      - "0.0.0.0:8853:8853/tcp\"""",
    "addresses": "# needed: the address of this machine in your network, like 192.168.1.10",
}
FILES: Mapping[str, Mapping[str, str]] = {"compose.yaml": _HOST, "compose.bridge.yaml": _BRIDGE}
"""The name of each file, and what is its own in it."""

_TEXT = Template("""\
$about
name: homedot

services:
  homedot:
    image: $image
$network
    restart: unless-stopped
    environment:
      # Each setting may stand here, named like these; `homedot config`, run in the container, lists them all.
      HOMEDOT_HOSTNAME: ""   # the name that devices verify; empty: dns.home.arpa
      HOMEDOT_ADDRESSES: ""  $addresses
      TZ: ""                 # your time zone, like Europe/Berlin; empty: UTC
    volumes:
      - data:/data  # the authority that your devices trust: back this up
      # Only for a certificate of your own, or for settings in a file homedot.yaml: a folder of the machine.
      #- /srv/homedot:/config:ro
    read_only: true
    tmpfs:
      - /run:mode=755,size=16m
      - /tmp:mode=1777,size=16m
    cap_drop: [ALL]
    cap_add:
      - NET_BIND_SERVICE  # port 853
      - SETUID            # each program runs as a user of its own
      - SETGID
      - CHOWN             # the certificate's key is handed to the group of the one program that needs it
      - KILL              # the supervisor stops programs of other users
    security_opt:
      - no-new-privileges:true
    mem_limit: 512m  # and pids: a fault in one program is then not one of the whole machine
    pids_limit: 128
    # The log is short. To limit it all the same, remove the # below; a Synology NAS then shows no log on its page.
    #logging: {driver: json-file, options: {max-size: 10m, max-file: "3"}}

volumes:
  data:
""")


def text(name: str, image: str) -> str:
    """The file `name` of FILES, which runs `image`, a name with its tag or digest."""
    return _TEXT.substitute(FILES[name], image=image)


def main(argv: Sequence[str]) -> None:
    """Write both files. Without options: those of the repository."""
    parser = argparse.ArgumentParser(prog="release.paste", description="Write the compose files that work alone.")
    parser.add_argument("--image", default=f"homedot:{__version__}", metavar="NAME:TAG", help="default: %(default)s")
    parser.add_argument("--into", type=Path, default=Path("deploy"), metavar="FOLDER", help="default: %(default)s")
    arguments = parser.parse_args(argv)
    arguments.into.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (arguments.into / name).write_text(text(name, arguments.image), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
