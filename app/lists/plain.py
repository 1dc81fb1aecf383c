"""What strangers wrote -> what people can be shown. Pure."""


def plain(text: str, most_characters: int) -> str:
    """A beginning of `text` that can go into a log, a terminal or a DNS message."""
    begin = text[:most_characters]
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in begin)
