"""A terminal's screen and a camera in front of it."""

import zxingcpp
from PIL import Image

SCALE = 4  # pixels a module
BLOCKS = {"█": (True, True), "▀": (True, False), "▄": (False, True), "\N{NO-BREAK SPACE}": (False, False)}


def screenshot(text: str) -> Image.Image:
    """What a dark terminal shows: each character is two pixels high, its drawn half white."""
    lines = text.splitlines()
    image = Image.new("L", (len(lines[0]), 2 * len(lines)), "black")
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            for half, drawn in enumerate(BLOCKS[character]):
                if drawn:
                    image.putpixel((column, 2 * row + half), 255)
    return image.resize((image.width * SCALE, image.height * SCALE), Image.Resampling.NEAREST)


def decoded(image: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(image, try_invert=False)]


def codes_in(log: str) -> list[str]:
    """What a camera reads off the lines of `log` that are drawn."""
    return decoded(screenshot("\n".join(line for line in log.splitlines() if line and set(line) <= BLOCKS.keys())))
