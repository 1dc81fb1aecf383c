import io
import tarfile

from release.tree import differences, read


def archive(**files: tuple[bytes, int, int]) -> io.BytesIO:
    """Files with content, mode and time."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, (content, mode, time_s) in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size, member.mode, member.mtime = len(content), mode, time_s
            tar.addfile(member, io.BytesIO(content))
    made.seek(0)
    return made


def test_equal_trees_do_not_differ() -> None:
    same = {"a": (b"x", 0o644, 1), "b": (b"y", 0o755, 2)}
    assert list(differences(read(archive(**same)), read(archive(**same)))) == []


def test_each_path_is_told_with_what_differs() -> None:
    one = read(archive(a=(b"x", 0o644, 1), b=(b"y", 0o644, 1), c=(b"z", 0o644, 1), d=(b"w", 0o644, 1)))
    other = read(archive(a=(b"x", 0o755, 1), b=(b"Y", 0o644, 2), d=(b"w", 0o644, 1), e=(b"", 0o644, 1)))
    assert list(differences(one, other)) == [
        "a: mode", "b: time, content", "c: only in the first", "e: only in the second",
    ]  # fmt: skip
