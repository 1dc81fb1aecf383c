"""The text of a YAML file -> the tree that it means. Pure."""

from typing import Any

import yaml

_ALIAS, _TWICE = "an alias: write out what it stands for", "a key that is given twice"
_WORDS = {
    _ALIAS: _ALIAS,
    _TWICE: _TWICE,
    "'\\t'": "a tab: YAML is indented with spaces",
    "cannot start any token": "a character that cannot begin a value: put the value between quotes",
    "unexpected end of stream": "a quote that is never closed",
    "mapping values are not allowed": "a colon in the wrong place: put the value between quotes, or mend the indent",
    "escape": "a backslash: put the value between single quotes, or write two",
    "chr()": "a backslash: put the value between single quotes, or write two",
    "or '}'": "an opening bracket that is not closed, or a comma is missing",
    "or ']'": "an opening bracket that is not closed, or a comma is missing",
    "expected the node content": "a bracket without its counterpart, or a value is missing",
    "<block end>": "an indentation that is not the one above, or the text goes on after the value's end",
    "another document": "a second document: one file holds one",
    "unhashable key": "a key that is no text: put it between quotes",
    "special characters are not allowed": "a character that no text has: is the file damaged?",
}
"""What the parser's own words mean, the first that are found. It quotes the file in them, which may hold a secret."""
_UNKNOWN = "something that is not YAML: put values with special characters between quotes"


def tree_of(text: str) -> object:
    """Mappings, lists, and text for every scalar.

    Raises ValueError for what is not YAML, gives a key twice or has aliases: with line and column and none of the text.
    """
    try:
        return yaml.load(text, _UniqueKeys)  # noqa: S506 - a SafeLoader, see below
    except yaml.MarkedYAMLError as error:
        is_open = "end of stream" in str(error.problem)
        mark = (error.context_mark if is_open else None) or error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ValueError(where + _in_our_words(str(error.problem))) from None
    except yaml.reader.ReaderError as error:
        line, column = text.count("\n", 0, error.position) + 1, error.position - text.rfind("\n", 0, error.position)
        raise ValueError(f"line {line}, column {column}: {_in_our_words(error.reason)}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except (ValueError, OverflowError):  # a character by a number that none has
        raise ValueError(_in_our_words("chr()")) from None


def _in_our_words(problem: str) -> str:
    return next((words for part, words in _WORDS.items() if part in problem), _UNKNOWN)


class _UniqueKeys(yaml.BaseLoader):
    """Every scalar is text, as in the environment, so that YAML 1.1 makes no number of 18:53 and no date of 2026-1-1.

    Refuses a key given twice, of which YAML would silently keep the last, and aliases, with which three hundred octets
    can stand for gigabytes.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, _ALIAS, self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: Any = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, _TWICE, key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)
