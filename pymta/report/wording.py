"""The part of a report that people read: in our words, or in those of the operator.

Ours are short lines, and in ASCII but for addresses.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from pymta.config.report_text import ReportText
from pymta.dataclass import dataclass
from pymta.report.failure import GIVEN_UP
from pymta.report.told import Told
from pymta.spool.outcomes import DELAYED, FAILED

WIDTH = 72

_OPENING = """\
Your message could not be delivered to everybody you sent it to. The mail
server {hostname} will not try again for these recipients:
"""
_CLOSING = """\
The reasons in the words of the servers are above, and once more in a form
for programs below. {returned} is attached. When you ask
for help, quote this number: {id}
"""
_OPENING_GOOD = """\
You wanted to be told what becomes of your message. The mail server
{hostname} says of these recipients:
"""
_OPENING_LATE = """\
Your message has not been delivered to these recipients yet. You need not
do anything: the mail server {hostname} goes on trying.
"""
_CLOSING_LATE = """\
When it is given up you will be told. The same in a form for programs is
below, and the header of your message is attached. It has the number
{id} here.
"""
_CLOSING_GOOD = """\
The same in a form for programs is below, and the header of your message is
attached. It has the number {id} here.
"""


_WORDS = {FAILED: (_OPENING, _CLOSING), DELAYED: (_OPENING_LATE, _CLOSING_LATE)}
_SUBJECTS = {
    FAILED: "Mail could not be delivered: returned to sender",
    DELAYED: "Mail is delayed: it will be tried again",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is told: of the message `id` of this sender, which comes back whole or not."""

    hostname: str
    id: str
    sender: str
    arrived: str
    action: str
    told: Sequence[Told]
    is_whole: bool = False


def worded(facts: Facts, own: ReportText | None) -> tuple[str, str]:
    """Subject and text, with LF line ends; `own` are the words of the operator."""
    subject = _SUBJECTS.get(facts.action, "Delivery report")
    returned = "Your message" if facts.is_whole else "The header of your message"
    values = {
        "hostname": facts.hostname,
        "id": facts.id,
        "sender": facts.sender,
        "arrived": facts.arrived,
        "returned": returned,
    }
    recipients = "\n".join(map(_entry, facts.told))
    if own:
        told_subject, text = own.filled(values | {"recipients": recipients.rstrip("\n")})
        return " ".join(told_subject.split()) or subject, text
    opening, closing = _WORDS.get(facts.action, (_OPENING_GOOD, _CLOSING_GOOD))
    parts = (opening.format(**values), recipients, closing.format(**values))
    return subject, "\n".join(parts)


def _entry(told: Told) -> str:
    is_said = bool(told.reply) and not told.text.startswith(GIVEN_UP)
    where = f"{told.host} said: " if told.host and is_said else ""
    named = f" ({told.host})" if told.host and not told.reply and told.status[:1] == "2" else ""
    text = f"{where}{told.reply if is_said else told.text}{named}"
    lines = textwrap.wrap(
        text, WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
    )
    if told.until:
        lines.append(f"    (it will be tried until {told.until})")
    original = f" in place of <{told.in_place_of}>" if told.in_place_of else ""
    return "\n".join([f"  <{told.recipient}>{original}", *lines, ""])
