"""The list behind -oX: ports and addresses between separators (OX-01, OX-02).

What the items mean is looked at later, with the settings; there a mistake in them gets its words.
"""

from __future__ import annotations

from pymta.config.classic_list import split_list


def sorted_items(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ports and interfaces of a -oX list: an interface has a dot or a colon in it (OX-01)."""
    items = [item for item in split_list(text) if item]
    interfaces = tuple(item for item in items if "." in item or ":" in item)
    return tuple(item for item in items if item not in interfaces), interfaces
