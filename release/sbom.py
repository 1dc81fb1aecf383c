"""What is in an image, as CycloneDX 1.6: Debian's packages and the wheels beside them, as their own records have it."""

import re
import tarfile
import uuid
from collections.abc import Mapping
from email import message_from_bytes
from email.message import Message
from typing import Any
from urllib.parse import quote, urlencode

from release.commit import Commit

_STATUS = "var/lib/dpkg/status"
_OS_RELEASE = "usr/lib/os-release"
_METADATA = re.compile(r"opt/homedot/.*\.dist-info/METADATA")

Component = Mapping[str, Any]


def bill(image: tarfile.TarFile, commit: Commit, name: str, platform: str) -> Mapping[str, Any]:
    """The bill of materials of `image`, a stream of its files, which is `name` for `platform`.

    The same image of the same commit has the same bill: its time is the commit's, and its number follows from both.
    """
    records = {}
    for member in image:
        is_record = member.name in (_STATUS, _OS_RELEASE) or _METADATA.fullmatch(member.name)
        if is_record and (opened := image.extractfile(member)):
            records[member.name] = opened.read()
    system = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', records.pop(_OS_RELEASE).decode(), re.MULTILINE))
    distribution = f"{system['ID']}-{system['VERSION_ID']}"
    packages = [message_from_bytes(part) for part in records.pop(_STATUS).strip().split(b"\n\n")]
    components = [
        {"type": "operating-system", "bom-ref": distribution, "name": system["ID"], "version": system["VERSION_ID"]},
        *(_debian(package, distribution) for package in packages if package["Status"].endswith(" installed")),
        *(_wheel(message_from_bytes(record)) for record in records.values()),
    ]
    serial = uuid.uuid5(uuid.NAMESPACE_URL, f"{name} {platform} {commit.revision}")
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": commit.created,
            "component": {
                "type": "container",
                "bom-ref": "image",
                "name": name,
                "version": commit.version,
                "licenses": [{"license": {"id": "MIT"}}],
                "properties": [
                    {"name": "homedot:platform", "value": platform},
                    {"name": "homedot:commit", "value": commit.revision},
                ],
            },
        },
        "components": sorted(components, key=lambda component: str(component["bom-ref"])),
        "dependencies": [{"ref": "image", "dependsOn": sorted(str(component["bom-ref"]) for component in components)}],
    }


def _debian(package: Message, distribution: str) -> Component:
    """One package; `upstream` is its source, by which Debian tells what is vulnerable (`Source: glibc (2.41-12)`)."""
    source, _, version = package.get("Source", package["Package"]).partition(" ")
    upstream = f"{source}@{version.strip('()')}" if version else source
    qualifiers = urlencode({"arch": package["Architecture"], "distro": distribution, "upstream": upstream})
    return _library(f"deb/{distribution.partition('-')[0]}", package["Package"], package["Version"], f"?{qualifiers}")


def _wheel(metadata: Message) -> Component:
    """One installed distribution; its name as PyPI writes it in addresses (PEP 503)."""
    name = re.sub(r"[-_.]+", "-", metadata["Name"]).lower()
    licence = metadata.get("License-Expression")
    return _library("pypi", name, metadata["Version"]) | ({"licenses": [{"expression": licence}]} if licence else {})


def _library(kind: str, name: str, version: str, qualifiers: str = "") -> dict[str, Any]:
    purl = f"pkg:{kind}/{quote(name, safe='')}@{quote(version, safe='')}{qualifiers}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
