"""`python -m app.programs NAME`: how the container's first process and supervisord start what runs."""

import os
import sys

from .starting import start

if __name__ == "__main__":
    sys.exit(start(sys.argv[1:], os.environ))
