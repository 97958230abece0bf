"""The part of pymta.toml(5) about files with the words of reports; names are the program's."""

from __future__ import annotations

from collections.abc import Callable

from pymta.config.report_text import NAMES

_TEXT = r"""
.SH REPORTS
.BR bounce_message_file " and " warn_message_file
name files with the part of a report that people read, in UTF\-8.
The first line may give the subject, with an empty line behind it:
.PP
.nf
Subject: Your mail has come back

The mail server $hostname could not deliver your message to:

$recipients

$returned is attached.  Questions?  Call 1234 and name $id.
.fi
.PP
Names with a dollar in front are replaced;
.B ${id}
is another way to write one, and two dollars are one.
There are
"""
_TAIL = r"""
.PP
What programs read of a report, and what comes back of the message, are parts of their own and do
not depend on these files.
A mistake in a file is one of the settings, and
.B pymta config check
tells it with its line; a file that cannot be used later on is told in the log, and its reports go
out in the usual words.
""".lstrip()


def section(roff: Callable[[str], str]) -> str:
    names = "".join(f".TP\n.B ${name}\n{roff(what)}\n" for name, what in NAMES.items())
    return _TEXT.lstrip() + names + _TAIL
