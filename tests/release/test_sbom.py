import io
import json
import tarfile

from release.commit import Commit
from release.sbom import bill

COMMIT = Commit("0123456789abcdef0123456789abcdef01234567", 1_767_225_600, "1.2.3", b"")
FILES = {
    "usr/lib/os-release": b'ID=debian\nVERSION_ID="13"\n',
    "var/lib/dpkg/status": (
        b"Package: libc6\nStatus: install ok installed\nArchitecture: arm64\n"
        b"Source: glibc (2.41-12)\nVersion: 2.41-12+b1\n\n"
        b"Package: gone\nStatus: deinstall ok config-files\nArchitecture: arm64\nVersion: 1\n"
    ),
    "opt/homedot/lib/python3.13/site-packages/PyYAML-6.0.dist-info/METADATA": (
        b"Metadata-Version: 2.4\nName: PyYAML\nVersion: 6.0\nLicense-Expression: MIT\n\nText.\n"
    ),
    "opt/homedot/lib/python3.13/site-packages/PyYAML-6.0.dist-info/RECORD": b"",
}


def bill_of(files: dict[str, bytes]) -> str:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    made.seek(0)
    with tarfile.open(fileobj=made, mode="r|") as stream:
        return json.dumps(bill(stream, COMMIT, "registry.example.org/homedot:1.2.3", "linux/arm64"))


def test_names_what_is_installed_by_the_addresses_that_scanners_know() -> None:
    found = json.loads(bill_of(FILES))
    assert [component.get("purl") for component in found["components"]] == [
        None,
        "pkg:deb/debian/libc6@2.41-12%2Bb1?arch=arm64&distro=debian-13&upstream=glibc%402.41-12",
        "pkg:pypi/pyyaml@6.0",
    ]
    assert found["components"][2]["licenses"] == [{"expression": "MIT"}]
    assert (found["metadata"]["timestamp"], found["specVersion"]) == ("2026-01-01T00:00:00Z", "1.6")


def test_is_the_same_each_time_and_another_for_another_image() -> None:
    assert bill_of(FILES) == bill_of(dict(reversed(FILES.items())))
    more = b"Package: zlib\nStatus: install ok installed\nArchitecture: arm64\nVersion: 1\n\n"
    assert bill_of(FILES) != bill_of(FILES | {"var/lib/dpkg/status": more + FILES["var/lib/dpkg/status"]})
