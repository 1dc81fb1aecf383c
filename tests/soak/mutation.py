"""Inputs for fuzzing: good ones kept as hex text in `seeds`, each damaged in a way that its number decides.

`mutated(seeds("frames"), number)` gives the same octets in every run, so the number in a failure's message is enough.
"""

import random
from pathlib import Path

_FOLDER = Path(__file__).parent / "seeds"
_MOST_CHANGES = 7


def seeds(kind: str) -> list[bytes]:
    """The octets in `seeds/KIND/*.hex`: a comment line, then hex."""
    return [_octets(path) for path in sorted((_FOLDER / kind).glob("*.hex"))]


def mutated(inputs: list[bytes], number: int) -> bytes:
    """One of `inputs`, with octets changed, taken out, put in or repeated, or its end cut off."""
    dice = random.Random(number)
    octets = bytearray(inputs[number % len(inputs)])
    for _ in range(dice.randint(1, _MOST_CHANGES)):
        at = dice.randrange(len(octets) + 1)
        match dice.choice(("change", "change", "change", "bit", "insert", "delete", "repeat", "number")):
            case "change":
                octets[at : at + 1] = dice.randbytes(1)
            case "bit":
                octets[at : at + 1] = bytes(octet ^ 1 << dice.randrange(8) for octet in octets[at : at + 1])
            case "insert":
                octets[at:at] = dice.randbytes(dice.randint(1, 8))
            case "delete":
                del octets[at : at + dice.randint(1, 8)]
            case "repeat":
                octets[at:at] = octets[at : at + dice.randint(1, 64)]
            case "number":  # where a length or a count may stand: the limits of what fits
                octets[at : at + 2] = dice.choice((b"\0\0", b"\0\1", b"\x7f\xff", b"\x80\0", b"\xff\xff", b"\xc0\x0c"))
    if dice.random() < 0.2:
        del octets[dice.randrange(len(octets) + 1) :]
    return bytes(octets)


def _octets(path: Path) -> bytes:
    lines = path.read_text(encoding="ascii").splitlines()
    return bytes.fromhex("".join(line for line in lines if not line.startswith("#")))
