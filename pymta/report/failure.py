"""Why a recipient will never have the message: told to the sender, kept in the journal.

The journal keeps one line of text for it (`pymta.spool.outcomes.Failed.why`), which an operator
reads as it is, and from which a report can be written even by the attempt after a crash:

    5.1.1 H=mx.example.org [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<a@b>: ...

Nobody is told about a failed message that has the null sender: it is a report itself, and reports
about reports never end (RFC 5321 s6.1).
"""

from __future__ import annotations

import re

from pymta.dataclass import dataclass
from pymta.mail.envelope import NULL_SENDER

_LINE = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3}) (?:H=(\S+ \[[^\]]*\](?::[0-9]+)?): )?(.*)")
GIVEN_UP = "retry timeout exceeded"
_SMTP_REPLY = re.compile(
    rf"(?:{GIVEN_UP}; the last error was: )?"
    r"(?:SMTP error from remote mail server|LMTP error) after .*?: ([45][0-9][0-9] .*)"
)
UNKNOWN_STATUS = "5.0.0"  # RFC 3463 s3.1: other undefined status


@dataclass(frozen=True, slots=True)
class Failure:
    """`status` is an enhanced code (RFC 3463); `host` as ``mx.example.org [192.0.2.1]``, or ""."""

    status: str
    text: str
    host: str = ""

    def __str__(self) -> str:
        """The line for the journal."""
        where = f"H={self.host}: " if self.host else ""
        return f"{self.status} {where}{self.text}"

    @property
    def reply(self) -> str:
        """What the remote host said, ``550 5.1.1 …``; "" when the failure is our own finding.

        Of what was given up for its time, what the host said last (RFC 3461 s6.3).
        """
        match = _SMTP_REPLY.fullmatch(self.text)
        return match[1] if match else ""


def parse_failure(line: str) -> Failure:
    """The failure that the journal keeps.  Any text is one: its status is unknown then."""
    match = _LINE.fullmatch(line)
    if match is None:
        return Failure(UNKNOWN_STATUS, line)
    return Failure(match[1], match[3], match[2] or "")


def is_told(sender: str) -> bool:
    """Is there anybody to tell?"""
    return sender != NULL_SENDER
