"""The part of a report that people read.  Short lines, and in ASCII but for addresses."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from pymta.report.told import Told

WIDTH = 72

_OPENING = """\
Your message could not be delivered to everybody you sent it to. The mail
server {hostname} will not try again for these recipients:
"""
_CLOSING = """\
The reasons in the words of the servers are above, and once more in a form
for programs below. {Returned} is attached. When you ask
for help, quote this number: {id}
"""
_OPENING_GOOD = """\
You wanted to be told what becomes of your message. The mail server
{hostname} says of these recipients:
"""
_CLOSING_GOOD = """\
The same in a form for programs is below, and the header of your message is
attached. It has the number {id} here.
"""


def subject(*, is_failure: bool) -> str:
    return "Mail could not be delivered: returned to sender" if is_failure else "Delivery report"


def explain(
    hostname: str, id: str, told: Sequence[Told], *, is_failure: bool, is_whole: bool
) -> str:
    """What happened to the message `id`, which comes back whole or not.  LF line ends."""
    opening, closing = (_OPENING, _CLOSING) if is_failure else (_OPENING_GOOD, _CLOSING_GOOD)
    returned = "Your message" if is_whole else "The header of your message"
    words = {"hostname": hostname, "id": id, "Returned": returned}
    parts = [opening.format(**words), *map(_entry, told), closing.format(**words)]
    return "\n".join(parts)


def _entry(told: Told) -> str:
    where = f"{told.host} said: " if told.host and told.reply else ""
    named = f" ({told.host})" if told.host and not told.reply and told.status[:1] == "2" else ""
    text = f"{where}{told.reply or told.text}{named}"
    lines = textwrap.wrap(
        text, WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
    )
    original = f" in place of <{told.in_place_of}>" if told.in_place_of else ""
    return "\n".join([f"  <{told.recipient}>{original}", *lines, ""])
