"""What another server says, from bytes to one `Reply` at a time (RFC 5321 s4.2).

A reply that breaks the rules comes out as `Garbled`; after one nothing from that server can be
believed and the reader stays silent.  A bare LF ends a line as CRLF does, because some servers
send it and nothing hangs on the difference here.  Text is made printable ASCII; it goes to logs
and bounces.  Bounded: one line, the lines of one reply, all of one reply (`pymta.mail.sizes`).
"""

from __future__ import annotations

import re

from pymta.dataclass import dataclass
from pymta.mail.reply import Reply
from pymta.mail.sizes import REPLY_LINE_READ, REPLY_LINES_READ, REPLY_READ

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)")
_UNPRINTABLE = re.compile(rb"[^ -~]")


@dataclass(frozen=True, slots=True)
class Garbled:
    """What came is no reply; `why` quotes it, made safe."""

    why: str


class ReplyReader:
    def __init__(self) -> None:
        self._buffer = bytearray()
        self._code = b""
        self._texts: list[bytes] = []
        self._octets = 0
        self._garbled: Garbled | None = None

    @property
    def has_pending(self) -> bool:
        """Bytes have come that no reply handed out so far has used."""
        return bool(self._buffer or self._texts)

    def receive(self, data: bytes) -> None:
        if self._garbled is None:
            self._buffer += data

    def next_reply(self) -> Reply | Garbled | None:
        """The next whole reply; None when more bytes are needed."""
        while self._garbled is None:
            line = self._next_line()
            if line is None:
                return self._garbled
            reply = self._add(line)
            if reply is not None:
                return reply
        return self._garbled

    def _next_line(self) -> bytes | None:
        end = self._buffer.find(b"\n", 0, REPLY_LINE_READ)
        if end < 0:
            if len(self._buffer) >= REPLY_LINE_READ:
                self._give_up("reply line too long", bytes(self._buffer))
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    def _add(self, line: bytes) -> Reply | None:
        match = _LINE.fullmatch(line)
        if match is None or (self._code and match[1] != self._code):
            self._give_up("not an SMTP reply", line)
            return None
        self._code = match[1]
        self._texts.append(match[3] or b"")
        self._octets += len(line)
        if len(self._texts) > REPLY_LINES_READ or self._octets > REPLY_READ:
            self._give_up("reply too long", line)
            return None
        return None if match[2] == b"-" else self._complete()

    def _complete(self) -> Reply:
        code, texts = self._code, [_safe(text) for text in self._texts]
        self._code, self._texts, self._octets = b"", [], 0
        found = _ENHANCED.match(texts[-1])
        # RFC 2034 s4: the class of the enhanced code repeats the first digit of the reply code.
        if found is None or found[1][0] != chr(code[0]):
            return Reply(int(code), "\n".join(texts))
        prefix = found[1]
        return Reply(int(code), "\n".join(_without(prefix, t) for t in texts), prefix)

    def _give_up(self, what: str, line: bytes) -> None:
        self._garbled = Garbled(f'{what}: "{_safe(line[:80])}"')
        self._buffer.clear()


def _safe(text: bytes) -> str:
    return _UNPRINTABLE.sub(b"?", text).decode("ascii")


def _without(prefix: str, text: str) -> str:
    return text.removeprefix(prefix).removeprefix(" ")
