"""The list behind -oX: items between separators, the way classic lists go (OX-01, OX-02).

What the items mean is looked at later, with the settings; there a mistake in them gets its words.
"""

from __future__ import annotations

import re


def split_list(text: str) -> tuple[str, ...]:
    """The items of a classic list.

    The separator is a colon, or what stands behind a "<" at the front.  Twice it is one of the
    item's own characters; blanks around items, and empty items at the end, do not count (OX-01).
    """
    text = text.strip()
    separator = ":"
    if len(text) > 1 and text[0] == "<" and not text[1].isalnum():
        separator, text = text[1], text[2:]
    # A pair stands for one; a single one ends the item.
    one = re.escape(separator)
    parts = re.split(rf"((?:{one})+)", text)
    items = [""]
    for part in parts:
        if not part or part.strip(separator):
            items[-1] += part
            continue
        pairs, ends = divmod(len(part), 2)
        items[-1] += separator * pairs
        if ends:
            items.append("")
    found = [item.strip() for item in items]
    while found and not found[-1]:
        found.pop()
    return tuple(found)


def sorted_items(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ports and interfaces of a -oX list: an interface has a dot or a colon in it (OX-01)."""
    items = [item for item in split_list(text) if item]
    interfaces = tuple(item for item in items if "." in item or ":" in item)
    return tuple(item for item in items if item not in interfaces), interfaces
