import pytest

from app.cli.commands import main
from app.revision import told


@pytest.mark.parametrize("word", ["version", "--version"])
def test_prints_the_version(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word], {}) == 0
    assert capsys.readouterr().out == f"{told()}\n"
