"""Fields that a message of a user must have and may lack when it comes (RFC 6409 s8)."""

from __future__ import annotations

from pymta.dataclass import dataclass
from pymta.mail.header import HeaderScanner

NEEDED = (b"date", b"from", b"message-id")


@dataclass(frozen=True, slots=True)
class Completion:
    """`fields` are added on top of the message.

    `message_id` is the one that is among them, without brackets, "" when it had its own.
    """

    fields: tuple[str, ...] = ()
    message_id: str = ""


NOTHING_ADDED = Completion()


def completion(header: HeaderScanner, *, id: str, host: str, author: str, date: str) -> Completion:
    """`header` has kept NEEDED.  `author` is the address of whoever sends it, "" for one that may
    not stand in this header.

    Whoever lists recipients in Bcc alone has said so; nothing is added for that (RFC 5322 s3.6.3).
    """
    message_id = "" if b"message-id" in header.kept else f"E{id}@{host}"
    lines = {
        b"date": f"Date: {date}\r\n",
        b"from": f"From: <{author}>\r\n",
        b"message-id": f"Message-ID: <{message_id}>\r\n",
    }
    if not author:
        del lines[b"from"]
    fields = tuple(line for name, line in lines.items() if name not in header.kept)
    return Completion(fields, message_id)
