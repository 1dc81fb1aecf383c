import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageDraw

from app.onboarding import qr
from app.onboarding.enrolment import Enrolment
from app.onboarding.steps import setup_text
from tests.fakes.screen import FONTS, SCALE, Window, decoded, frames, screenshot, zbar, zxing

URLS = ["http://192.168.1.10:8853/", "http://[fd12:3456:789a:bcde:f012:3456:789a:bcde]:65535/"]
PREFIXES = {
    "alone": "",
    "compose logs": "homedot-1  | ",
    "compose logs -t": "homedot-1  | 2026-01-02T03:04:05.123456789Z ",
}
WINDOWS = [
    Window(font, line_height, is_dark) for font in FONTS for line_height in (1.0, 1.2, 1.5) for is_dark in (True, False)
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
def test_terminal_code_is_square_and_keeps_its_quiet_zone(url: str) -> None:
    lines = qr.terminal(url).splitlines()
    assert {len(line) for line in lines} == {2 * len(lines)}
    assert all({*line} == {"█"} for line in (*lines[:QUIET], *lines[-QUIET:]))
    assert all(line[: 2 * QUIET] == line[-2 * QUIET :] == "█" * 2 * QUIET for line in lines)


@pytest.mark.parametrize("url", ["http://192.168.1.10:8853/", "http://192.168.100.200:18853/"])
def test_every_address_of_ipv4_fits_80_columns_with_the_prefix_of_compose(url: str) -> None:
    assert all(len(PREFIXES["compose logs"] + line) < 80 for line in qr.terminal(url).splitlines())


@pytest.mark.server
@pytest.mark.parametrize("decoder", [zxing, zbar])
@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_two_decoders_read_it_off_any_window_that_shows_the_log(
    own_authority: Enrolment, window: Window, prefix: str, decoder: Callable[[Image.Image], list[str]]
) -> None:
    log = window.show([PREFIXES[prefix] + line for line in setup_text(own_authority).splitlines()])
    assert any(decoder(frame) == [own_authority.url] for frame in frames(log))


@pytest.mark.parametrize("url", URLS)
def test_svg_decodes_on_a_dark_page(url: str) -> None:
    assert decoded(rendered(qr.svg(url))) == [url]


def test_svg_scales_and_obeys_a_strict_content_security_policy() -> None:
    svg = ElementTree.fromstring(qr.svg(URLS[0]))  # noqa: S314 - our own document
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert "viewBox" in svg.attrib
    assert all("style" not in element.attrib for element in svg.iter())
