"""The part of a report that people read.  Plain ASCII, short lines."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from pymta.report.failure import Failure

SUBJECT = "Mail could not be delivered: returned to sender"
WIDTH = 72

_OPENING = """\
Your message could not be delivered to everybody you sent it to. The mail
server {hostname} will not try again for these recipients:
"""
_CLOSING = """\
The reasons in the words of the servers are above, and once more in a form
for programs below. The header of your message is attached. When you ask
for help, quote this number: {id}
"""


def explain(hostname: str, id: str, failures: Sequence[tuple[str, Failure]]) -> str:
    """What happened to the message `id`; pairs of recipient and why.  LF line ends."""
    told = [_entry(recipient, failure) for recipient, failure in failures]
    parts = [_OPENING.format(hostname=hostname), *told, _CLOSING.format(id=id)]
    return "\n".join(parts)


def _entry(recipient: str, failure: Failure) -> str:
    where = f"{failure.host} said: " if failure.host and failure.reply else ""
    text = f"{where}{failure.reply or failure.text}"
    lines = textwrap.wrap(
        text, WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
    )
    return "\n".join([f"  <{recipient}>", *lines, ""])
