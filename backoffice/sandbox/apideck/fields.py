"""Answers trimmed to the members that ``fields`` names."""

from typing import Any

Wanted = dict[str, "Wanted"]


def wanted(text: str) -> Wanted:
    """``id,emails.email`` as a tree of names; a name without children is wanted whole."""
    tree: Wanted = {}
    for path in filter(None, (part.strip() for part in text.split(","))):
        branch = tree
        for name in path.split("."):
            branch = branch.setdefault(name, {})
    return tree


def trimmed(value: Any, tree: Wanted) -> Any:
    """``value`` with only what the tree names; all of it where the tree names nothing."""
    if not tree:
        return value
    if isinstance(value, list):
        return [trimmed(item, tree) for item in value]
    if isinstance(value, dict):
        return {name: trimmed(its, tree[name]) for name, its in value.items() if name in tree}
    return value
