"""Build the image with every server in it, run the measurements in one container, keep the raw numbers."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from app import __version__
from tests.bench import home, workers

CHECKOUT = Path(__file__).parent.parent.parent
IMAGE = os.environ.get("HOMEDOT_BENCH_IMAGE", "homedot-bench:latest")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, to see where one stands")
    parser.add_argument("--only", default="", help="measurements to run, with commas between them")
    arguments = parser.parse_args()
    base = f"HOMEDOT_IMAGE={os.environ.get('HOMEDOT_IMAGE', f'homedot:{__version__}')}"
    recipe = CHECKOUT / "tests/bench/Dockerfile"
    build = ["docker", "build", "-q", "-t", IMAGE, "--build-arg", base, "-f", str(recipe), str(CHECKOUT)]
    subprocess.run(build, check=True)
    artifacts = CHECKOUT / "artifacts"
    artifacts.mkdir(exist_ok=True)
    command = ["docker", "run", "--rm", "--cap-add", "SYS_PTRACE"]
    command += ["-v", f"{artifacts}:/artifacts", IMAGE, "python3", "-m", "tests.bench.measure"]
    command += ["--quick"] if arguments.quick else []
    command += ["--only", arguments.only] if arguments.only else []
    wanted = set(filter(None, arguments.only.split(",")))
    elsewhere = {"workers": lambda: workers.measure(IMAGE, 2 if arguments.quick else 5), "home": home.main}
    code = 0 if wanted and wanted <= elsewhere.keys() else subprocess.run(command, check=False).returncode
    for name, measure in elsewhere.items():
        if not code and (not wanted or name in wanted):
            measure()
    return code


if __name__ == "__main__":
    sys.exit(main())
