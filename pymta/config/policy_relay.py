"""Does a rule that opens a relay say for whom?  What anybody may claim is not enough.

It must ask for one thing at least that a stranger cannot have: that he has logged in, comes from a
network that is named, or writes to a recipient that is.  A list that everybody is in names nobody,
and so does one that ends with a no: who stands in none of its items is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

RELAY = "relay"  # the action
_EVERYBODY = ("*", "*@*")


def _is_so(value: object) -> bool:
    return value is True


def _is_asked(_: object) -> bool:
    """Whoever it is, he has logged in."""
    return True


def _names_some(value: object) -> bool:
    """Mistakes in items are told elsewhere.  Of none at all, nobody is one."""
    if not isinstance(value, list):
        return False
    items = [str(item).strip() for item in value]
    says_no = bool(items) and items[-1].startswith("!")
    return not says_no and not any(map(_is_everybody, items))


def _is_everybody(item: str) -> bool:
    """Also an item such as "postmaster@", which is one of each domain."""
    return item in _EVERYBODY or item.endswith("/0") or (item.endswith("@") and item != "@")


_ASKS: Mapping[str, Callable[[object], bool]] = {
    "accounts": _is_asked,
    "authenticated": _is_so,
    "certified": _names_some,
    "hosts": _names_some,
    "networks": _names_some,
    "recipients": _names_some,
    "trusted": _is_so,
}
_NO_FILES: Mapping[str, list[str]] = {}
KNOWS_WHOM = f"one of {', '.join(_ASKS)} that is not so of everybody"


def knows_whom(rule: Mapping[str, Any], files: Mapping[str, list[str]] = _NO_FILES) -> bool:
    """`files` are the items of those that it names, once they have been read."""
    return any(key in rule and asks(_with(rule[key], files)) for key, asks in _ASKS.items())


def _with(value: object, files: Mapping[str, list[str]]) -> object:
    if not isinstance(value, list):
        return value
    return [item for text in value for item in files.get(str(text), [text])]
