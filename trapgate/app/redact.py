"""`alertmanager.yml` as it may be shown: on `/api/v2/status`, to whoever can reach the API.

In: the text of a file that was accepted. Out: the same values in the same order, without those
that are secret. Comments go too: a URL that is commented out is no less secret.
"""

from collections.abc import Iterator

import yaml

SECRET_KEYS = frozenset({"url"})
"""Keys whose values are never shown; a receiver that brings others adds them here."""

SHOWN = "<secret>"
"""What Alertmanager shows in their place, and what its tools take for a URL."""


def without_secrets(text: str) -> str:
    """The file with `<secret>` for every secret, however it is written: in block or flow style,
    quoted, over several lines, or through an alias."""
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    if root is None:
        return ""
    for node in _secrets(root, set()):
        node.value, node.tag, node.style = SHOWN, "tag:yaml.org,2002:str", None
    shown: str = yaml.serialize(root, Dumper=yaml.CSafeDumper, allow_unicode=True)
    return shown


def _secrets(node: yaml.Node, seen: set[int]) -> Iterator[yaml.ScalarNode]:
    if id(node) in seen:  # an alias
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _secrets(item, seen)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in SECRET_KEYS and isinstance(value, yaml.ScalarNode):
                yield value
            yield from _secrets(value, seen)
