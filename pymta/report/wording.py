"""The part of a report that people read.  Plain ASCII, short lines."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

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


def explain(
    hostname: str,
    id: str,
    failures: Sequence[tuple[str, Failure]],
    in_place_of: Mapping[str, str],
) -> str:
    """What happened to the message `id`; pairs of recipient and why.  LF line ends."""
    told = [_entry(who, failure, in_place_of.get(who, "")) for who, failure in failures]
    parts = [_OPENING.format(hostname=hostname), *told, _CLOSING.format(id=id)]
    return "\n".join(parts)


def _entry(recipient: str, failure: Failure, original: str) -> str:
    where = f"{failure.host} said: " if failure.host and failure.reply else ""
    text = f"{where}{failure.reply or failure.text}"
    lines = textwrap.wrap(
        text, WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
    )
    whom = f"  <{recipient}>" + (f" in place of <{original}>" if original else "")
    return "\n".join([whom, *lines, ""])
