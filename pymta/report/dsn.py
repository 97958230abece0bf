r"""A report: multipart/report with message/delivery-status (RFC 3464, RFC 6522, RFC 6533).

What a stranger wrote (the message that is returned) goes in as opaque octets.  A report to a sender
in ASCII is ASCII itself, addresses beyond that being encoded in it, unless his own 8-bit message
comes back whole; so it fits through every server.  For example:

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
    Original-Envelope-Id: QQ314159
    Arrival-Date: Sun, 22 Nov 2026 15:58:00 +0000

    Original-Recipient: rfc822; r@example.org
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

import re
from collections.abc import Iterator

from pymta.config.report_text import ReportText
from pymta.dataclass import dataclass
from pymta.report.mime import Field, Part, cut, encoded_text, multipart, safe, text_part, written
from pymta.report.returned import Returned, returned_part
from pymta.report.told import Told, original, typed
from pymta.report.wording import Facts, worded
from pymta.spool.outcomes import DELAYED, DELIVERED, FAILED

FROM_NAME = "Mail Delivery System"
FROM_LOCAL_PART = "Mailer-Daemon"
_MESSAGE_ID = re.compile(r"[!-;=?-~]{1,900}")  # anything else stays out of a header of ours


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says.

    `id` is the report's own, `about` that of the returned message, `envid` what its sender called
    it, `about_message_id` what it has in its Message-ID field, without the brackets; "" where there
    is none.  Dates are in the form of RFC 5322; `told` is about failures alone, about delays alone,
    or about neither.  `words` are the operator's, None: ours.
    """

    hostname: str
    id: str
    about: str
    sender: str
    date: str
    arrived: str
    told: tuple[Told, ...]
    returned: Returned
    envid: str = ""
    about_message_id: str = ""
    words: ReportText | None = None

    @property
    def message_id(self) -> str:
        return f"E{self.id}@{self.hostname}"

    @property
    def in_utf8(self) -> bool:
        """Its header must be in UTF-8, since its recipient is (RFC 6533 s4)."""
        return not self.sender.isascii()

    @property
    def action(self) -> str:
        """What it is about: failures alone, delays alone, or else what is good."""
        actions = {one.action for one in self.told}
        return next((one for one in (FAILED, DELAYED) if one in actions), DELIVERED)


def compose(report: Report) -> bytes:
    """The whole message with CRLF line ends."""
    subject, text = worded(_facts_of(report), report.words)
    parts = [
        _for_people(text, in_utf8=report.in_utf8),
        _for_programs(report),
        returned_part(report.returned, in_utf8=report.in_utf8),
    ]
    boundary, body = multipart(report.id, parts)
    fields = (
        ("From", f"{FROM_NAME} <{FROM_LOCAL_PART}@{report.hostname}>"),
        ("To", f"<{cut(safe(report.sender, in_utf8=True))}>"),
        ("Subject", encoded_text(cut(safe(subject, in_utf8=True)))),
        ("Date", report.date),
        ("Message-ID", f"<{report.message_id}>"),
        *_in_thread(report.about_message_id),
        ("Auto-Submitted", "auto-replied"),  # RFC 3834 s5
        ("MIME-Version", "1.0"),
        (
            "Content-Type",
            f'multipart/report; report-type="{_kind(report)}"; boundary="{boundary}"',
        ),
    )
    return written(fields) + b"\r\n" + body


def _in_thread(message_id: str) -> Iterator[Field]:
    """So that a reader shows the report with the message (RFC 3834 s3.1.6)."""
    if _MESSAGE_ID.fullmatch(message_id):
        yield "In-Reply-To", f"<{message_id}>"
        yield "References", f"<{message_id}>"


def _kind(report: Report) -> str:
    return "global-delivery-status" if report.in_utf8 else "delivery-status"


def _facts_of(report: Report) -> Facts:
    return Facts(
        report.hostname,
        report.about,
        report.sender,
        report.arrived,
        report.action,
        report.told,
        is_whole=report.returned.is_whole,
    )


def _for_people(text: str, *, in_utf8: bool) -> Part:
    body = safe(text, in_utf8=True, keep="\n").replace("\n", "\r\n").encode()
    charset = "us-ascii" if body.isascii() else "utf-8"
    return text_part(f"text/plain; charset={charset}", body, may_be_8bit=in_utf8)


def _for_programs(report: Report) -> Part:
    blocks = [_about_message(report), *(_about_recipient(one, report) for one in report.told)]
    body = b"\r\n".join(written(block) for block in blocks)
    return Part(f"message/{_kind(report)}", "7bit" if body.isascii() else "8bit", body)


def _about_message(report: Report) -> list[Field]:
    # RFC 3461 s6.3: a name that is not complete is none of the DNS.
    kind = "dns" if "." in report.hostname else "x-local-hostname"
    fields = [("Reporting-MTA", f"{kind}; {report.hostname}")]
    if report.envid:
        fields.append(("Original-Envelope-Id", safe(report.envid)))
    return [*fields, ("Arrival-Date", report.arrived)]


def _about_recipient(told: Told, report: Report) -> list[Field]:
    in_utf8 = report.in_utf8
    return [
        (name, cut(safe(value, in_utf8=in_utf8))) for name, value in _facts(told, in_utf8=in_utf8)
    ]


def _facts(told: Told, *, in_utf8: bool) -> Iterator[Field]:
    """RFC 3464 s2.3: recipient, action and status are required."""
    if told.orcpt:
        yield "Original-Recipient", original(told.orcpt, in_utf8=in_utf8)
    yield "Final-Recipient", typed(told.recipient, in_utf8=in_utf8)
    yield "Action", told.action
    yield "Status", told.status
    if told.host:
        yield "Remote-MTA", f"dns; {told.host.split(' ')[0]}"
    if told.reply:
        yield "Diagnostic-Code", f"smtp; {told.reply}"
    if told.until:
        yield "Will-Retry-Until", told.until
