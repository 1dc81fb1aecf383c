import subprocess
import sys

import pytest

from app.host.open_files import LEAST

REQUIRE = """
import resource, sys
from app.errors import OperatorError
from app.host.open_files import require
resource.setrlimit(resource.RLIMIT_NOFILE, (32, int(sys.argv[1])))
try:
    require()
except OperatorError as error:
    print(error)
"""


@pytest.mark.parametrize(("most", "is_enough"), [(LEAST, True), (LEAST - 1, False)])
def test_too_few_files_are_told_with_how_many_are_the_least(most: int, *, is_enough: bool) -> None:
    said = subprocess.run([sys.executable, "-c", REQUIRE, str(most)], capture_output=True, text=True, check=True).stdout
    fault = f"a program may have {most} files open, and {LEAST} are the least: raise `ulimits: nofile` in compose.yaml"
    assert said == ("" if is_enough else f"{fault} or --ulimit nofile\n")
