"""The header of a message that a program wrote: what the server cannot do for it.

Recipients are found in it (-t), Bcc goes out of it, names of this machine become addresses, and a
From field with the full name of the user is made where there is none.  The server adds Date and
Message-ID, and Sender where that is due.

Who is to get a blind copy must not be read by the others, so Bcc fields go without -t as well.
"""

from __future__ import annotations

from pymta.mail.listed import Listed, listed

MOST = 1 << 20  # octets, as the server takes them

_BLIND = (b"bcc", b"resent-bcc")
_TO = (b"to", b"cc", b"bcc")
_WITH_ADDRESSES = frozenset(
    b"from sender reply-to to cc bcc resent-from resent-sender resent-reply-to resent-to"
    b" resent-cc".split()
)
_ENCODED_LETTERS = 11  # of four octets: more would not fit into an encoded word (RFC 2047 s2)


class Header:
    """`fields` are complete, with their CRLF; `length` is what they and the empty line take."""

    __slots__ = ("fields", "length")

    def __init__(self, fields: list[bytes], length: int) -> None:
        self.fields = fields
        self.length = length

    @property
    def names(self) -> set[bytes]:
        return {name_of(field) for field in self.fields}

    def recipients(self) -> list[Listed]:
        """Everybody in To, Cc and Bcc; of a message sent on, those it is sent on to."""
        front = b"resent-" if any(n.startswith(b"resent-") for n in self.names) else b""
        wanted = {front + name for name in _TO}
        fields = [field for field in self.fields if name_of(field) in wanted]
        return [one for field in fields for one in listed(field.partition(b":")[2])]

    def completed(self, domain: bytes, author: bytes) -> bytes:
        """As it is to be sent; `author` is the value of a From field for one that has none."""
        kept = [field for field in self.fields if name_of(field) not in _BLIND]
        made = [_qualified(field, domain) for field in kept]
        if b"from" not in self.names:
            made.append(b"From: " + author + b"\r\n")
        return b"".join(made)


def read_header(text: bytes) -> Header:
    """`text` is the message from its start, in lines with CRLF, as far as the header may go.

    The header ends at the first line that is no field.  That need not be an empty one: who writes
    "hello" to sendmail has written a body.  A line of a mailbox file on top is passed over.
    """
    starts: list[int] = []  # of fields
    at = 0
    first = text[: _line_end(text, 0)]
    if first.startswith((b"From ", b">From ")) and not _is_field(first):  # no "From : "
        at = len(first)
    while at < len(text):
        end = _line_end(text, at)
        line = text[at:end]
        if line == b"\r\n":
            return Header(_cut(text, starts, at), end)
        if not (line[:1] in (b" ", b"\t") and starts):
            if not _is_field(line):
                break
            starts.append(at)
        at = end
    return Header(_cut(text, starts, at), at)


def _cut(text: bytes, starts: list[int], end: int) -> list[bytes]:
    return [text[a:b] for a, b in zip(starts, [*starts[1:], end], strict=False)]


def name_of(field: bytes) -> bytes:
    return field.partition(b":")[0].rstrip(b" \t").lower()


def author(address: bytes, full_name: str) -> bytes:
    """The value of a From field."""
    if not full_name:
        return address
    return _phrase(full_name) + b" <" + address + b">"


def _phrase(name: str) -> bytes:
    name = "".join(letter if letter.isprintable() else " " for letter in name).strip()
    if name.isascii():
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return b'"' + escaped.encode() + b'"'
    from binascii import b2a_base64  # noqa: PLC0415 - few names need it

    parts = [name[n : n + _ENCODED_LETTERS] for n in range(0, len(name), _ENCODED_LETTERS)]
    words = (b2a_base64(part.encode("utf-8", "replace"), newline=False) for part in parts)
    return b"\r\n ".join(b"=?utf-8?B?" + word + b"?=" for word in words)


def _line_end(text: bytes, at: int) -> int:
    return text.find(b"\n", at) + 1 or len(text)


def _is_field(line: bytes) -> bool:
    name, colon, _ = line.partition(b":")
    name = name.rstrip(b" \t")
    return bool(colon and name) and min(name) > 0x20 and max(name) < 0x7F


def _qualified(field: bytes, domain: bytes) -> bytes:
    """With our domain behind addresses that have none."""
    if not domain or name_of(field) not in _WITH_ADDRESSES:
        return field
    front, colon, text = field.partition(b":")
    for one in reversed(listed(text)):
        if one.address and not one.has_domain:
            text = text[: one.end] + b"@" + domain + text[one.end :]
    return front + colon + text
