import re
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageDraw

from app.onboarding import qr
from tests.fakes.screen import SCALE, decoded, screenshot

URLS = [
    "http://192.168.1.10:8853/homedot.mobileconfig",
    "http://[fd12:3456:789a:bcde:f012:3456:789a:bcde]:65535/homedot.mobileconfig",
]
QUIET = 4  # modules (ISO/IEC 18004 6.3.8)


def rendered(document: bytes) -> Image.Image:
    """Draws the two shapes that the SVG consists of, on a page in dark mode."""
    svg = ElementTree.fromstring(document)  # noqa: S314 - our own document
    ground, path = svg
    unit = 10 * SCALE  # a module is a tenth of a user unit... of the view box
    side = round(float(svg.attrib["viewBox"].split()[2]) * unit)
    image = Image.new("L", (side, side), "black")
    draw = ImageDraw.Draw(image)
    assert (ground.attrib["width"], ground.attrib["height"]) == ("100%", "100%")
    draw.rectangle((0, 0, side, side), fill=ground.attrib["fill"])
    for square in re.findall(r"M([\d.]+),([\d.]+)H([\d.]+)V([\d.]+)H[\d.]+z", path.attrib["d"]):
        left, top, right, bottom = (round(float(edge) * unit) for edge in square)
        draw.rectangle((left, top, right - 1, bottom - 1), fill=path.attrib["fill"])
    return image


@pytest.mark.parametrize("url", URLS)
def test_terminal_code_decodes_from_a_dark_screen(url: str) -> None:
    assert decoded(screenshot(qr.terminal(url))) == [url]


@pytest.mark.parametrize("url", URLS)
def test_terminal_code_fits_a_log_window_and_keeps_its_quiet_zone(url: str) -> None:
    lines = qr.terminal(url).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) <= 45
    assert len(lines) <= 23
    assert {*lines[0], *lines[1]} == {"█"}
    assert all(line[:QUIET] == line[-QUIET:] == "█" * QUIET for line in lines[:-1])


@pytest.mark.parametrize("url", URLS)
def test_svg_decodes_on_a_dark_page(url: str) -> None:
    assert decoded(rendered(qr.svg(url))) == [url]


def test_svg_scales_and_obeys_a_strict_content_security_policy() -> None:
    svg = ElementTree.fromstring(qr.svg(URLS[0]))  # noqa: S314 - our own document
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert "viewBox" in svg.attrib
    assert all("style" not in element.attrib for element in svg.iter())
