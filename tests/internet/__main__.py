"""Run the tests' internet by hand: one line of JSON says how to use it; SIGTERM or Ctrl-C ends it."""

import argparse
import json
import signal
import sys
from pathlib import Path

from tests.internet import Internet, run


def facts(internet: Internet) -> dict[str, object]:
    """What a caller in another process needs."""
    return {
        "block": internet.block,
        "root_hints": str(internet.root_hints),
        "trust_anchor": str(internet.trust_anchor),
        "environment": internet.environment,
        "forwarder_tls": internet.forwarder_tls,
        "forwarder_plain": internet.forwarder_plain,
        "ca_bundle": str(internet.ca_bundle),
    }


def main() -> None:
    """Run until told to end; exit code 1 with a sentence when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m tests.internet", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where zone files, keys and logs go")
    folder: Path = parser.parse_args().folder.absolute()
    ending = (signal.SIGTERM, signal.SIGINT)
    for number in ending:
        signal.signal(number, lambda *_: sys.exit(0))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with run(folder) as internet:
            # Held back from here on, so that none can come between the line and the wait. The servers, which run by
            # now, must not inherit this.
            signal.pthread_sigmask(signal.SIG_BLOCK, ending)
            print(json.dumps(facts(internet)), flush=True)
            signal.sigwait(ending)
    except RuntimeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
