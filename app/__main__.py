"""`python -m app`, installed as `homedot`: argv -> command -> exit code."""

import os
import sys

from app.cli.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
