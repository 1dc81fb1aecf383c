"""What strangers wrote -> what people can be shown: nothing in it steers a terminal or begins a line. Pure."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def printable(text: str, most_characters: int | None = None) -> str:
    """A beginning of `text`, or all of it, that can go into a log, a terminal or a DNS message."""
    begin = text[:most_characters]
    if begin.isprintable():
        return begin
    return "".join(character if character.isprintable() else REPLACEMENT for character in begin)


def cut(text: str, most_octets: int) -> str:
    """A beginning of `text` that is at most so long in UTF-8, cut between characters; lone surrogates are replaced."""
    return text.encode(errors="replace")[:most_octets].decode(errors="ignore")
