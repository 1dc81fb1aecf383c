"""The text of a YAML file -> the tree that it means. Pure."""

from typing import Any

import yaml


def tree_of(text: str) -> object:
    """Mappings, lists, and text for every scalar.

    Raises ValueError for what is not YAML, gives a key twice or has aliases.
    """
    try:
        return yaml.load(text, _UniqueKeys)  # noqa: S506 - a SafeLoader, see below
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


class _UniqueKeys(yaml.BaseLoader):
    """Every scalar is text, as in the environment, so that YAML 1.1 makes no number of 18:53 and no date of 2026-1-1.

    Refuses a key given twice, of which YAML would silently keep the last, and aliases, with which three hundred octets
    can stand for gigabytes.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "an alias: write out what it stands for", None)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value} is given twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)
