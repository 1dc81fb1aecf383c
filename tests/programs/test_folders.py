import os
import stat
from pathlib import Path

from app.config.settings import Settings
from app.programs import folders, paths, users


def test_the_owners_folder_is_roots_so_that_a_backup_can_be_unpacked_over_it_and_dot_may_write(tmp_path: Path) -> None:
    settings, dot = Settings(data_dir=tmp_path), users.find(users.DOT)
    folder = paths.owner(settings).parent
    for _ in range(2):
        assert folders.make(settings) == ()
        status = folder.stat()
        if dot is None:
            assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (os.geteuid(), 0o755)
        else:
            assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (0, dot.pw_gid, 0o775)
            os.chown(folder, dot.pw_uid, 0)  # as a backup by numbers, or somebody, may have left it
            folder.chmod(0o700)


def test_a_link_in_its_place_is_told_and_not_followed(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    settings.data_dir.mkdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    paths.owner(settings).parent.symlink_to(tmp_path / "elsewhere")
    (warning, *_) = folders.make(settings)
    assert warning.startswith("nothing can be set by page or command: ")
    assert stat.S_IMODE((tmp_path / "elsewhere").stat().st_mode) == 0o700
