"""Text -> QR code (ISO/IEC 18004), for a log and for a page. Pure.

Both forms include the quiet zone of four modules.
"""

from functools import lru_cache

from qrcode.constants import ERROR_CORRECT_L, ERROR_CORRECT_M
from qrcode.image.svg import SvgPathFillImage
from qrcode.main import QRCode

LIGHT = "██"
DARK = "\N{NO-BREAK SPACE}" * 2  # not trimmed at the end of a line, nor broken there


def terminal(text: str) -> str:
    """One line of full blocks for each row of modules, two characters a module: 66 columns and 33 lines for up to 26
    octets (37 lines for up to 42).

    Light modules are drawn and dark ones left blank, so that the code is dark on light where the window is dark, and
    inverted where it is light. There are no colour codes, which log windows show as rubbish. Error correction M makes
    up for the gaps between lines; docs/decisions/0017-qr-in-the-log.md says what was measured.
    """
    rows = _code(text, ERROR_CORRECT_M).get_matrix()
    return "".join("".join(DARK if is_dark else LIGHT for is_dark in row) + "\n" for row in rows)


@lru_cache(8)  # anybody may ask for it, and drawing takes ten milliseconds
def svg(text: str) -> bytes:
    """An SVG document: one black path on a white ground, which a camera reads in light and in dark mode.

    A page is never torn or stained, so the lowest error correction will do and keeps the code small.
    """
    return bytes(_code(text, ERROR_CORRECT_L).make_image(image_factory=SvgPathFillImage).to_string())


def _code(text: str, error_correction: int) -> QRCode:
    code = QRCode(error_correction=error_correction, border=4)
    code.add_data(text)
    return code
