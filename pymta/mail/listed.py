"""The addresses in a list of them, as header fields and people write it (RFC 5322 s3.4).

`root`, `Alice <alice@example.org>, bob (the builder)`, groups, comments, folded lines.  This is no
judge of addresses, the server is; what cannot be told apart from the text around it, or would not
stay one word of SMTP, is given back as no address.
"""

from __future__ import annotations

_BLANK = b" \t\r\n"
_NOT_BARE = frozenset(b' ,:;<>()[]\\"\t\r\n')


class Listed:
    """One item of a list: its `text`, and the address in it, b"" when there is none.

    `end` is where the address ends in the list, so that a domain can be put there; `outset` is
    where it begins with its bracket, if it has one.
    """

    __slots__ = ("address", "end", "outset", "text")

    def __init__(self, text: bytes, address: bytes, end: int, outset: int) -> None:
        self.text = text
        self.address = address
        self.end = end
        self.outset = outset

    @property
    def has_domain(self) -> bool:
        return b"@" in self.address.rpartition(b'"')[2]


def listed(text: bytes) -> list[Listed]:
    """All items that name somebody, or try to; a group gives its members."""
    found: list[Listed] = []
    item, at = _Item(0), 0
    while at < len(text):
        char = text[at : at + 1]
        if char == b"(":
            at = _past_comment(text, at)
            item.is_broken |= at > len(text)
            continue
        if char in b",;":
            item.close(text, at, found)
            item = _Item(at + 1)
        elif char == b":" and item.angle is None and b"@" not in item.plain:
            item = _Item(at + 1)  # the name of a group
        elif char == b"<":
            at = item.take_angle(text, at)
            continue
        else:
            end = _past_quoted(text, at) if char == b'"' else at + 1
            item.add(text[at:end], end)
            at = end
            continue
        at += 1
    item.close(text, len(text), found)
    return found


class _Item:
    """What stands between two commas."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.plain = bytearray()
        self.plain_end = start
        self.angle: bytes | None = None
        self.angle_end = start
        self.outset = -1
        self.is_broken = False

    def add(self, text: bytes, end: int) -> None:
        if text not in _BLANK:
            self.is_broken |= self.angle is not None
            self.plain_end = end
            if self.outset < 0:
                self.outset = end - len(text)
        self.plain += text

    def take_angle(self, text: bytes, at: int) -> int:
        """From the bracket on; where to go on."""
        end = _past_angle(text, at)
        self.outset = at
        self.is_broken |= self.angle is not None or end > len(text)
        inside = text[at + 1 : end - 1]
        lead = len(inside) - len(inside.lstrip(_BLANK))
        inside = inside.strip(_BLANK)
        self.angle_end = at + 1 + lead + len(inside)
        if inside.startswith(b"@"):  # a source route, which nobody follows (RFC 5321 appendix C)
            inside = inside.partition(b":")[2]
        self.angle = inside
        return end

    def close(self, text: bytes, end: int, found: list[Listed]) -> None:
        plain = bytes(self.plain).strip(_BLANK)
        address = plain if self.angle is None else self.angle
        if not plain and self.angle is None:
            return  # nothing at all, as between two commas
        if self.is_broken or not is_one_word(address):
            address = b""
        place = self.plain_end if self.angle is None else self.angle_end
        found.append(Listed(text[self.start : end].strip(_BLANK), address, place, self.outset))


def is_one_word(address: bytes) -> bool:
    """Would it stand between angle brackets without ending them, or its line?"""
    if not address or min(address) < 0x20 or 0x7F in address:
        return False
    end = _past_quoted(address, 0) if address.startswith(b'"') else 0
    local, at, domain = address[end:].partition(b"@")
    if end > len(address) or bool(end) == bool(local) or (at and not domain):
        return False
    if domain.startswith(b"[") and domain.endswith(b"]"):
        domain = domain[1:-1].replace(b":", b"")
    return _NOT_BARE.isdisjoint(local + domain)


def _past_quoted(text: bytes, at: int) -> int:
    """Behind the closing quote; beyond the end when there is none."""
    at += 1
    while at < len(text):
        if text[at] == 0x22:
            return at + 1
        at += 2 if text[at] == 0x5C else 1
    return len(text) + 1


def _past_comment(text: bytes, at: int) -> int:
    depth = 0
    while at < len(text):
        char = text[at]
        depth += (char == 0x28) - (char == 0x29)
        at += 2 if char == 0x5C else 1
        if not depth:
            return at
    return len(text) + 1


def _past_angle(text: bytes, at: int) -> int:
    while at < len(text):
        if text[at] == 0x3E:
            return at + 1
        at = _past_quoted(text, at) if text[at] == 0x22 else at + 1
    return len(text) + 1
