"""What a kill at every single step on the disk leaves behind.

python -m tests.cli.interruptions SCENARIO FOLDER     FOLDER/N: as the child left it that was killed before its step N
"""

import shutil
import sys
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from itertools import count
from pathlib import Path

from app.cli.ca import ca_new
from app.cli.key import key_new
from app.config.settings import Resolver, Settings
from app.host.grace_period import GracePeriod
from app.programs import bootstrap, users
from app.unbound import checkconf
from tests.trust.cut_off import survives

OLD, NEW = "192.168.1.10", "192.168.1.20"


def settings_in(folder: Path, address: str) -> Settings:
    return Settings(
        data_dir=folder / "data",
        run_dir=folder / "run",
        addresses=(ip_address(address),),
        resolver=Resolver(mode="recursive"),
    )


SCENARIOS: dict[str, Callable[[Path], object]] = {
    "first": lambda folder: bootstrap.run(settings_in(folder, OLD)),
    "restart": lambda folder: bootstrap.run(settings_in(folder, NEW)),
    "update": lambda folder: bootstrap.run(settings_in(folder, OLD)),
    "renewal": lambda folder: bootstrap.identify(settings_in(folder, NEW), GracePeriod()),
    "ca new": lambda folder: ca_new(settings_in(folder, OLD), yes=True),
    "key new": lambda folder: key_new(settings_in(folder, OLD), yes=True),
}


def one_user() -> None:
    """As for an ordinary user, who hands the key to no other group; and unbound.conf is not what is asked about."""
    vars(users)["find"] = lambda _: None
    vars(checkconf)["check"] = lambda *_: None


def main(scenario: str, target: Path) -> None:
    one_user()
    job = SCENARIOS[scenario]
    before = target / "before"
    if scenario != "first":
        bootstrap.run(settings_in(before, OLD))
    if scenario == "update":
        (before / "data/version.json").unlink()  # as the program before there were versions left it
    for step in count(1):
        folder = target / str(step)
        if before.exists():
            shutil.copytree(before, folder)
        if survives(partial(job, folder), step):
            break


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
