"""Lists as the classic daemon writes them: items in one text, with separators between them (OX-01).

The separator is a colon, or what stands behind a "<" at the front.
"""

from __future__ import annotations

import re


def split_list(text: str) -> tuple[str, ...]:
    """The items of a classic list.

    A separator twice is one of the item's own characters; blanks around items, and empty items at
    the end, do not count.
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
