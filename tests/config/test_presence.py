from pathlib import Path

import pytest

from app.config import presence


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    presence.is_file(Path(__file__))
    with pytest.raises(ValueError, match="must be a file"):
        presence.is_file(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    presence.is_folder(tmp_path)
    for named in (__file__, "/nowhere"):
        with pytest.raises(ValueError, match="must be a folder"):
            presence.is_folder(Path(named))


@pytest.mark.parametrize("named", ["/nowhere/cert.pem", f"{__file__}/cert.pem", f"/{'x' * 5000}"])
def test_a_file_that_is_not_there_is_a_sentence(named: str) -> None:
    with pytest.raises(ValueError, match="must be a file"):
        presence.is_file(Path(named))


def test_a_link_whose_target_is_not_mounted_is_called_that(tmp_path: Path) -> None:
    """As of certbot's folder `live`, mounted without `archive` beside it."""
    (tmp_path / "cert.pem").symlink_to("../../archive/dns/cert1.pem")
    (tmp_path / "folder").symlink_to("elsewhere")
    with pytest.raises(ValueError, match=r"cert\.pem is a link to \.\./\.\./archive/dns/cert1\.pem, and that is not"):
        presence.is_file(tmp_path / "cert.pem")
    with pytest.raises(ValueError, match=r"folder is a link to elsewhere, and that is not there"):
        presence.is_file(tmp_path / "folder" / "cert.pem")
