"""What the server said, and which exit status that is (sysexits.h).

Programs that call sendmail know three: 0, 75 for what is worth another try, and the rest.
"""

from __future__ import annotations

OK = 0
USAGE = 64  # words that make no sense
DATA = 65  # the message, or an address, is wrong
NO_USER = 67
NO_HOST = 68
UNAVAILABLE = 69  # refused for another reason
SOFTWARE = 70  # server and client do not understand each other
CANNOT_READ = 74
LATER = 75  # not taken, and nothing was sent; it may be tried again
NO_PERMISSION = 77
CONFIG = 78  # whoever set it up has to do it otherwise

_BY_STATUS = {  # RFC 3463 s3
    "5.1.1": NO_USER,
    "5.1.6": NO_USER,
    "5.1.2": NO_HOST,
    "5.1.10": NO_HOST,
    "5.1.3": DATA,
    "5.1.7": DATA,
    "5.1.8": DATA,
    "5.3.4": UNAVAILABLE,
}
_BY_SUBJECT = {"5.2": UNAVAILABLE, "5.5": SOFTWARE, "5.6": DATA}


class Reply:
    """`code` 0: no reply came, or something that is none."""

    __slots__ = ("code", "lines")

    def __init__(self, code: int, lines: list[str]) -> None:
        self.code = code
        self.lines = lines

    @property
    def is_good(self) -> bool:
        return 200 <= self.code < 400

    @property
    def is_for_later(self) -> bool:
        return self.code < 200 or 400 <= self.code < 500

    @property
    def text(self) -> str:
        """For people, in one line."""
        return f"{self.code} {' '.join(self.lines)}".strip()

    @property
    def exit_status(self) -> int:
        if self.is_good:
            return OK
        if self.is_for_later:
            return LATER
        status = self.lines[0].split(" ")[0] if self.lines else ""
        found = _BY_STATUS.get(status) or _BY_SUBJECT.get(status[:3])
        return found or (SOFTWARE if 500 <= self.code <= 504 else UNAVAILABLE)


class ReplyReader:
    """Octets in, whole replies out (RFC 5321 s4.2.1)."""

    __slots__ = ("_lines", "_octets", "is_broken")

    def __init__(self) -> None:
        self._octets = b""
        self._lines: list[str] = []
        self.is_broken = False

    def feed(self, data: bytes) -> Reply | None:
        """The reply that is complete with this; the server says nothing beyond it."""
        self._octets += data
        self.is_broken = len(self._octets) + sum(map(len, self._lines)) > 65_536
        while not self.is_broken:
            line, newline, rest = self._octets.partition(b"\n")
            if not newline:
                return None
            self._octets = rest
            reply = self._take(line.rstrip(b"\r"))
            if reply:
                return reply
        return None

    def _take(self, line: bytes) -> Reply | None:
        code, mark = line[:3], line[3:4]
        if len(code) < 3 or not code.isdigit() or mark not in (b"", b" ", b"-"):
            self.is_broken = True
            return None
        self._lines.append(_printable(line[4:]))
        if mark == b"-":
            return None
        lines, self._lines = self._lines, []
        return Reply(int(code), lines)


def _printable(text: bytes) -> str:
    shown = text.decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "?" for letter in shown)
