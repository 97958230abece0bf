"""An SMTP reply as a value (RFC 5321 s4.2, RFC 2034)."""

from __future__ import annotations

from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """Code, enhanced status code and text; more than one line of text makes a multi-line reply.

    `enhanced` is "" where none may stand: in the greeting, in replies to HELO and EHLO
    (RFC 2034 s4), and in what the supervisor says.
    """

    code: int
    text: str
    enhanced: str = ""

    @property
    def is_permanent(self) -> bool:
        return self.code >= 500

    def one_line(self) -> str:
        """Code, enhanced code and text on one line, as logs and bounces quote it."""
        words = (str(self.code), self.enhanced, self.text.replace("\n", " "))
        return " ".join(word for word in words if word)

    def encode(self, *, with_enhanced: bool) -> bytes:
        """The bytes for the wire; `with_enhanced` is true once the client has said EHLO."""
        prefix = f"{self.enhanced} " if with_enhanced and self.enhanced else ""
        if "\n" not in self.text:
            return f"{self.code} {prefix}{self.text}\r\n".encode("ascii", "replace")
        *lines, last = self.text.split("\n")
        before = "".join([f"{self.code}-{prefix}{line}\r\n" for line in lines])
        return f"{before}{self.code} {prefix}{last}\r\n".encode("ascii", "replace")
