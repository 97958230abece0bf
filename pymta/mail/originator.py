"""Whom a From or Sender field names (RFC 5322 s3.4, s3.6.2).

Read strictly, because it is asked whether somebody may call himself so: a field that two readers
might understand differently names nobody.  Quoted names, comments and encoded words may say what
they like; an "@" outside of them that is no part of an address, groups, and the obsolete ways to
write an address with blanks or comments inside are refused.
"""

from __future__ import annotations

import re

from pymta.mail.address import BadPath, Mailbox, parse_mailbox

LONGEST = 8192  # octets of one field
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_NOT_IN_A_PHRASE = frozenset("@:;<>[]\\")
_DEEPEST = 20  # comments in comments


def mailboxes(field: bytes) -> tuple[Mailbox, ...] | None:
    """Those that it names, at least one; None when that is not clear.  `field` is unfolded."""
    text = field.decode("utf-8", "surrogateescape")
    # A display name in an old character set does no harm; an address in one is refused below.
    if len(field) > LONGEST or _CONTROL.search(re.sub("[\udc80-\udcff]", "?", text)):
        return None
    try:
        found = [mailbox for item in _items(text) if (mailbox := _mailbox(item)) is not None]
    except ValueError:
        return None
    return tuple(found) or None


class _Item:
    """What stands between two commas: the text outside of `<…>` and quotes, and what is in `<…>`.

    `plain` has quoted strings as they stand, and blanks for comments; `phrase` has no quotes.
    """

    def __init__(self) -> None:
        self.plain = ""
        self.phrase = ""
        self.angle: str | None = None

    def add(self, text: str, *, is_quoted: bool = False) -> None:
        if self.angle is not None and text.strip():
            raise ValueError("text behind the address")
        self.plain += text
        self.phrase += "" if is_quoted else text


def _items(text: str) -> list[_Item]:
    """Raises ValueError for what is never closed, and for two addresses in one item."""
    items, at = [_Item()], 0
    while at < len(text):
        match text[at]:
            case '"':
                end = _end_of_quoted(text, at)
                items[-1].add(text[at:end], is_quoted=True)
            case "(":
                end = _end_of_comment(text, at)
                items[-1].add(" ")
            case "<":
                end = _end_of_angle(text, at)
                if items[-1].angle is not None:
                    raise ValueError("two addresses")
                items[-1].angle = text[at + 1 : end - 1]
            case ",":
                end = at + 1
                items.append(_Item())
            case letter:
                end = at + 1
                items[-1].add(letter)
        at = end
    return items


def _mailbox(item: _Item) -> Mailbox | None:
    """None for nothing at all, as between two commas.  Raises ValueError."""
    if item.angle is None:
        text = item.plain.strip()
        if not text:
            return None
    else:
        if not _NOT_IN_A_PHRASE.isdisjoint(item.phrase):
            raise ValueError("an address, or half of one, in the name")
        text = item.angle
    mailbox = parse_mailbox(text)
    if isinstance(mailbox, BadPath) or not mailbox.domain:
        raise ValueError("no address")
    return mailbox


def _end_of_quoted(text: str, at: int) -> int:
    at += 1
    while at < len(text):
        if text[at] == '"':
            return at + 1
        at += 2 if text[at] == "\\" else 1
    raise ValueError("a quote without an end")


def _end_of_comment(text: str, at: int) -> int:
    depth = 0
    while at < len(text):
        match text[at]:
            case "\\":
                at += 1
            case "(":
                depth += 1
            case ")":
                depth -= 1
        at += 1
        if depth == 0:
            return at
        if depth > _DEEPEST:
            break
    raise ValueError("a comment without an end")


def _end_of_angle(text: str, at: int) -> int:
    at += 1
    while at < len(text):
        match text[at]:
            case ">":
                return at + 1
            case '"':
                at = _end_of_quoted(text, at)
            case _:
                at += 1
    raise ValueError("an address without an end")
