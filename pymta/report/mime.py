"""Parts of a message of ours, put together octet by octet (RFC 2046 s5.1).

Every part is either our own text or the message of somebody else, of which nothing may be folded,
decoded or encoded behind our back.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Sequence
from email.header import Header

from pymta.dataclass import dataclass
from pymta.mail.letters import is_safe

LONGEST_LINE = 998  # RFC 5322 s2.1.1
LONGEST_VALUE = 900  # octets of one field; with its name below that

Field = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    kind: str
    encoding: str
    body: bytes

    def __bytes__(self) -> bytes:
        fields = (("Content-Type", self.kind), ("Content-Transfer-Encoding", self.encoding))
        return written(fields) + b"\r\n" + self.body


def written(fields: Iterable[Field]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode()


def text_part(kind: str, body: bytes, *, may_be_8bit: bool) -> Part:
    """As it is where that can be, quoted-printable where not."""
    if is_honest(body) and (body.isascii() or may_be_8bit):
        return Part(kind, "7bit" if body.isascii() else "8bit", body)
    lines = (binascii.b2a_qp(line, istext=False) for line in body.split(b"\r\n"))
    return Part(kind, "quoted-printable", b"\r\n".join(lines).replace(b"=\n", b"=\r\n"))


def encoded_text(value: str) -> str:
    """Of an unstructured field: encoded words where it is not in ASCII (RFC 2047)."""
    return value if value.isascii() else Header(value, "utf-8").encode(linesep="\r\n")


def is_honest(body: bytes) -> bool:
    """Lines of legal length that end in CRLF, and no NUL: fit for any server, but for 8-bit."""
    lines = body.split(b"\r\n")
    return all(
        len(line) <= LONGEST_LINE and not (b"\r" in line or b"\n" in line or b"\0" in line)
        for line in lines
    )


def multipart(id: str, parts: Sequence[Part]) -> tuple[str, bytes]:
    """The boundary, which is in no part (a stranger wrote some of it), and the body."""
    texts = [bytes(part) for part in parts]
    boundary = f"=_{id}"
    while any(f"--{boundary}".encode() in text for text in texts):
        boundary += "_"
    line = f"--{boundary}\r\n".encode()
    body = b"".join(line + text + b"\r\n" for text in texts)
    return boundary, body + f"--{boundary}--\r\n".encode()


def safe(value: str, *, in_utf8: bool = False, keep: str = "") -> str:
    """On one line and printable; in ASCII unless `in_utf8`.  `keep` stays whatever it is."""
    if value.isascii() and value.isprintable():
        return value
    return "".join(c if c in keep or _may_stand(c, in_utf8=in_utf8) else "?" for c in value)


def cut(value: str) -> str:
    """To what one field may hold."""
    return value.encode()[:LONGEST_VALUE].decode(errors="ignore")


def _may_stand(c: str, *, in_utf8: bool) -> bool:
    if c.isascii():
        return c.isprintable()
    return in_utf8 and is_safe(c)
