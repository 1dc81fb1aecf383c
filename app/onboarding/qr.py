"""Text -> QR code (ISO/IEC 18004), for a terminal and for a page. Pure.

A screen is never torn or stained, so the lowest error correction will do and keeps the code small. Both forms include
the quiet zone of four modules.
"""

from functools import lru_cache
from io import StringIO

from qrcode.constants import ERROR_CORRECT_L
from qrcode.image.svg import SvgPathFillImage
from qrcode.main import QRCode


def terminal(text: str) -> str:
    """Lines of half blocks, two modules a character: a URL takes about 40 columns and 21 lines.

    Light modules are drawn and dark ones left blank, so that the code is dark on light where the terminal is dark.
    There are no colour codes, which log windows show as rubbish, and blanks do not break (U+00A0), so none is trimmed.
    """
    drawn = StringIO()
    _code(text).print_ascii(out=drawn, invert=True)
    return drawn.getvalue()


@lru_cache(8)  # anybody may ask for it, and drawing takes ten milliseconds
def svg(text: str) -> bytes:
    """An SVG document: one black path on a white ground, which a camera reads in light and in dark mode."""
    return bytes(_code(text).make_image(image_factory=SvgPathFillImage).to_string())


def _code(text: str) -> QRCode:
    code = QRCode(error_correction=ERROR_CORRECT_L, border=4)
    code.add_data(text)
    return code
