"""What a web server answered to one GET, read from its octets as far as they have come (RFC 9112).

`http.client` reads answers as well, and brings half of `email` into every process: 1 MB of a
daemon and 15 ms of its start, for a policy that is fetched once in a while.
"""

from __future__ import annotations

import re

from pymta.dataclass import dataclass

LONGEST_HEAD = 65_536  # octets
_STATUS = re.compile(rb"HTTP/1\.[0-9] ([1-9][0-9][0-9])(?: [^\r\n]*)?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", re.DOTALL)
_READ = {b"content-length", b"content-type", b"transfer-encoding"}
_LENGTH = re.compile(rb"[0-9]{1,18}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")


class NoHttpError(ValueError):
    """It is none.  The argument says why; no stranger has written it."""


@dataclass(frozen=True, slots=True)
class Head:
    """`kind` is the media type in small letters, "text/plain" where nothing is said.

    `length` is that of the body in octets, None where its end says where it ends; `begins` is where
    the body does.
    """

    status: int
    kind: str
    length: int | None
    is_chunked: bool
    begins: int

    def body(self, octets: bytes) -> tuple[bytes, bool]:
        """As much of it as has come, and whether that is known to be all.  Raises NoHttpError."""
        rest = octets[self.begins :]
        if self.is_chunked:
            return _joined(rest)
        if self.length is None:
            return rest, False
        return rest[: self.length], len(rest) >= self.length


def read_head(octets: bytes) -> Head | None:
    """None while it has not come to its end.  Raises NoHttpError."""
    begins = 0
    while (line_end := octets.find(b"\r\n", begins)) >= 0:
        status = _STATUS.fullmatch(octets[begins:line_end])
        if not status:
            raise NoHttpError("no status line")
        end = octets.find(b"\r\n\r\n", line_end)
        if end < 0:
            break
        if not status[1].startswith(b"1"):
            return _head(int(status[1]), octets[line_end + 2 : end], end + 4)
        begins = end + 4  # RFC 9110 s15.2: the answer is still to come
    if len(octets) > LONGEST_HEAD:
        raise NoHttpError("a head without an end")
    return None


def _head(status: int, text: bytes, begins: int) -> Head:
    found = map(_FIELD.fullmatch, text.split(b"\r\n"))
    fields = {(one[1].lower(), one[2]) for one in found if one and one[1].lower() in _READ}
    said = dict(fields)
    if len(said) < len(fields):
        raise NoHttpError("a field that says two things")
    coding = said.get(b"transfer-encoding", b"").lower()
    if coding not in {b"", b"chunked"}:
        raise NoHttpError("an encoding that nobody has asked for")
    length = said.get(b"content-length")
    if length is not None and not _LENGTH.fullmatch(length):
        raise NoHttpError("a length that is no number")
    kind = said.get(b"content-type", b"text/plain").partition(b";")[0].strip().lower()
    return Head(
        status,
        kind.decode("ascii", "replace"),
        None if length is None or coding else int(length),
        bool(coding),
        begins,
    )


def _joined(text: bytes) -> tuple[bytes, bool]:
    """Chunks (s7.1) put together.  Raises NoHttpError."""
    joined, at = b"", 0
    while size := _CHUNK.match(text, at):
        if not (length := int(size[1], 16)):
            return joined, True  # trailers say nothing that we want to know
        end = size.end() + length
        joined += text[size.end() : end]
        if not b"\r\n".startswith(text[end : end + 2]):
            raise NoHttpError("a chunk without an end")
        at = end + 2
    if b"\r\n" in text[at:]:
        raise NoHttpError("a chunk without a size")
    return joined, False
