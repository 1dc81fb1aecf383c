"""`homedot version`: which Homedot this is."""

from argparse import Namespace

from app.revision import told


def run(_: object, __: Namespace) -> int:
    print(told())
    return 0
