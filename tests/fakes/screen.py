"""A window that shows a log, and a camera in front of it."""

import io
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zxingcpp
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from app.onboarding.qr import DARK, LIGHT

SCALE = 4  # pixels a module
FONTS = {
    "DejaVu Sans Mono": Path("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"),
    "Liberation Mono": Path("/usr/share/fonts/truetype/liberation/LiberationMono-Regular.ttf"),
}
FONT_SIZE = 16  # pixels, as browsers have it
FRAMES = ((5, 0.6), (6, 0.4), (0, 1), (2, 0.6), (3, 0.4))
"""What a camera sees while somebody aims: radius of the blur in pixels of the window, and how many it makes of one."""


@dataclass(frozen=True, slots=True)
class Window:
    """`line_height` is that of CSS: times the size of the font, what is left over half above and half below."""

    font: str
    line_height: float
    is_dark: bool

    def show(self, lines: list[str]) -> Image.Image:
        font = ImageFont.truetype(FONTS[self.font], FONT_SIZE)
        pitch = round(FONT_SIZE * self.line_height)
        above = (pitch - sum(font.getmetrics())) / 2
        ground, ink = (16, 230) if self.is_dark else (255, 36)
        width = round(font.getlength("0") * max(map(len, lines)))
        image = Image.new("L", (width + 2 * pitch, pitch * (len(lines) + 2)), ground)
        draw = ImageDraw.Draw(image)
        for number, line in enumerate(lines, 1):
            draw.text((pitch, number * pitch + above), line, font=font, fill=ink)
        return image


def frames(image: Image.Image) -> Iterator[Image.Image]:
    """The pictures that a camera takes until one is read."""
    for blur, scale in FRAMES:
        seen = image.filter(ImageFilter.GaussianBlur(blur))
        yield seen.resize((round(seen.width * scale), round(seen.height * scale)), Image.Resampling.BOX)


def zxing(image: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(image)]


def zbar(image: Image.Image) -> list[str]:
    """Inverted codes too, which it leaves out unless it is told; so do phones, and zxing, by themselves."""
    content = io.BytesIO()
    image.save(content, "PNG")
    command = ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", "-Stest-inverted", "-"]
    done = subprocess.run(command, input=content.getvalue(), capture_output=True, timeout=60, check=False)
    assert done.returncode in (0, 4), done.stderr  # 4: there is none
    return done.stdout.decode().split()


def screenshot(text: str) -> Image.Image:
    """The code alone, as a dark terminal without gaps between its lines shows it."""
    rows = [[line[at : at + 2] for at in range(0, len(line), 2)] for line in text.splitlines()]
    image = Image.new("L", (len(rows[0]), len(rows)), "black")
    for y, row in enumerate(rows):
        for x, module in enumerate(row):
            image.putpixel((x, y), {LIGHT: 255, DARK: 0}[module])
    return image.resize((image.width * SCALE, image.height * SCALE), Image.Resampling.NEAREST)


def decoded(image: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(image, try_invert=False)]


def codes_in(log: str) -> list[str]:
    """What a camera reads off the lines of `log` that are drawn."""
    return decoded(screenshot("\n".join(line for line in log.splitlines() if line and set(line) <= {*LIGHT, *DARK})))
