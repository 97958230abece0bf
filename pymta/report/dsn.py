r"""A bounce: multipart/report with message/delivery-status (RFC 3464, RFC 6522).

Composed with the standard library, because every part is our own; only the header of the returned
message is not, and it goes in as opaque octets, quoted-printable when it is not plain short-lined
ASCII (RFC 6522 s4).  So a report is always 7-bit and fits through every server.  For example:

    From: Mail Delivery System <Mailer-Daemon@mail.example.net>
    To: <s@example.com>
    Subject: Mail could not be delivered: returned to sender
    Date: Sun, 22 Nov 2026 16:00:00 +0000
    Message-ID: <E1wIcRe-000000012Tz-0002@mail.example.net>
    Auto-Submitted: auto-replied
    MIME-Version: 1.0
    Content-Type: multipart/report; report-type="delivery-status"; boundary="=_1wIcRe…"

    --=_1wIcRe…
    (a text for people)
    --=_1wIcRe…
    Content-Type: message/delivery-status

    Reporting-MTA: dns; mail.example.net
    Arrival-Date: Sun, 22 Nov 2026 15:58:00 +0000

    Final-Recipient: rfc822; r@example.org
    Action: failed
    Status: 5.1.1
    Remote-MTA: dns; mx.example.org
    Diagnostic-Code: smtp; 550 5.1.1 no such user

    --=_1wIcRe…
    Content-Type: text/rfc822-headers
    …
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.generator import BytesGenerator
from email.message import Message
from email.policy import compat32
from io import BytesIO

from pymta.report.failure import Failure
from pymta.report.wording import SUBJECT, explain

FROM_NAME = "Mail Delivery System"
FROM_LOCAL_PART = "Mailer-Daemon"
LONGEST_VALUE = 900  # octets of one field; with its name below the 998 of RFC 5322 s2.1.1
LONGEST_LINE = 998

# As it was given: nothing is folded, decoded or encoded behind our back.
_POLICY = compat32.clone(linesep="\r\n", max_line_length=0)
_UNPRINTABLE = re.compile(r"[^ -~]")
_UNPRINTABLE_BUT_LINES = re.compile(r"[^\n -~]")


@dataclass(frozen=True, slots=True)
class Report:
    """What a bounce says.

    `id` is the bounce's own, `about` that of the returned message; dates are in the form of RFC
    5322; `failures` are pairs of recipient and why; `header` is the returned message's.
    `in_place_of` has, for a recipient whom the sender does not know, the one whom he wrote to.
    """

    hostname: str
    id: str
    about: str
    sender: str
    date: str
    arrived: str
    failures: tuple[tuple[str, Failure], ...]
    header: bytes
    in_place_of: Mapping[str, str] = field(default_factory=dict)

    @property
    def message_id(self) -> str:
        return f"E{self.id}@{self.hostname}"


def compose(report: Report) -> bytes:
    """The whole message with CRLF line ends, 7-bit."""
    parts: list[Message | str] = [
        _for_people(report),
        _for_programs(report),
        _returned_header(report.header),
    ]
    message = Message(_POLICY)
    message["From"] = f"{FROM_NAME} <{FROM_LOCAL_PART}@{report.hostname}>"
    message["To"] = f"<{_safe(report.sender)}>"
    message["Subject"] = SUBJECT
    message["Date"] = report.date
    message["Message-ID"] = f"<{report.message_id}>"
    message["Auto-Submitted"] = "auto-replied"  # RFC 3834 s5
    message["MIME-Version"] = "1.0"
    boundary = _boundary(report.id, parts)
    message["Content-Type"] = (
        f'multipart/report; report-type="delivery-status"; boundary="{boundary}"'
    )
    message.set_payload(parts)
    return _flat(message)


def _for_people(report: Report) -> Message:
    text = explain(report.hostname, report.about, report.failures, report.in_place_of)
    return _part("text/plain; charset=us-ascii", _UNPRINTABLE_BUT_LINES.sub("?", text))


def _for_programs(report: Report) -> Message:
    part = Message(_POLICY)
    part["Content-Type"] = "message/delivery-status"
    about_message = [("Reporting-MTA", f"dns; {report.hostname}"), ("Arrival-Date", report.arrived)]
    about_recipients = [_recipient_fields(who, failure) for who, failure in report.failures]
    blocks: list[Message | str] = [_block(fields) for fields in (about_message, *about_recipients)]
    part.set_payload(blocks)
    return part


def _recipient_fields(recipient: str, failure: Failure) -> Sequence[tuple[str, str]]:
    """RFC 3464 s2.3: the first three are required."""
    fields = [
        ("Final-Recipient", f"rfc822; {recipient}"),
        ("Action", "failed"),
        ("Status", failure.status),
    ]
    if failure.host:
        fields.append(("Remote-MTA", f"dns; {failure.host.split(' ')[0]}"))
    if failure.reply:
        fields.append(("Diagnostic-Code", f"smtp; {failure.reply}"))
    return fields


def _block(fields: Sequence[tuple[str, str]]) -> Message:
    block = Message(_POLICY)
    for name, value in fields:
        block[name] = _safe(value)
    return block


def _returned_header(header: bytes) -> Message:
    lines = header.split(b"\r\n")
    is_plain = header.isascii() and all(len(line) <= LONGEST_LINE for line in lines)
    if is_plain and not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines):
        return _part("text/rfc822-headers", header.decode("ascii"))
    encoded = b"\n".join(binascii.b2a_qp(line, istext=False) for line in lines)
    return _part("text/rfc822-headers", encoded.decode("ascii"), "quoted-printable")


def _part(kind: str, text: str, encoding: str = "7bit") -> Message:
    part = Message(_POLICY)
    part["Content-Type"] = kind
    part["Content-Transfer-Encoding"] = encoding
    part.set_payload(text)
    return part


def _boundary(id: str, parts: Sequence[Message | str]) -> str:
    """A line that is in no part: a stranger wrote the returned header."""
    text = b"".join(_flat(part) for part in parts if isinstance(part, Message)).decode("ascii")
    boundary = f"=_{id}"
    while f"--{boundary}" in text:
        boundary += "_"
    return boundary


def _flat(message: Message) -> bytes:
    out = BytesIO()
    BytesGenerator(out, mangle_from_=False, policy=_POLICY).flatten(message)
    return out.getvalue()


def _safe(value: str) -> str:
    return _UNPRINTABLE.sub("?", value)[:LONGEST_VALUE]
