"""The part of a report that people read, as an operator words it in a file of his own.

    Subject: Your mail has come back

    The mail server $hostname could not deliver your message to:

    $recipients
    $returned is attached.

The first line may give the subject, with an empty line behind it; all else is the text.  Names with
a dollar in front are replaced, two dollars are one.  What programs read stands in other parts of
the report and does not depend on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from string import Template

from pymta.dataclass import dataclass

NAMES = {
    "recipients": "who has not got the message, each with the reason, on lines of their own",
    "hostname": "our name",
    "id": "the id of the message, for whoever asks",
    "sender": "its sender, to whom the report goes",
    "arrived": "when it arrived",
    "returned": '"Your message" or "The header of your message", whatever is attached',
}
NEEDED = "recipients"
_SUBJECT = re.compile(r"subject:[ \t]*(.*)", re.IGNORECASE)
_LONGEST_SUBJECT = 200  # characters
_CLASSIC = "****"


@dataclass(frozen=True, slots=True)
class Mistake:
    """`line` counts from 1."""

    line: int
    wanted: str


@dataclass(frozen=True, slots=True)
class ReportText:
    """`subject` is "" where the file gives none."""

    subject: str
    text: str

    def filled(self, values: Mapping[str, str]) -> tuple[str, str]:
        """Subject and text; `values` by the names of NAMES."""
        subject = Template(self.subject).safe_substitute(values)
        return subject, Template(self.text).safe_substitute(values)


def parse_report_text(whole: str) -> tuple[ReportText, tuple[Mistake, ...]]:
    """What a file says, and what is wrong with it."""
    lines = whole.replace("\r\n", "\n").split("\n")
    match = _SUBJECT.fullmatch(lines[0])
    rest = lines[1:] if match else lines
    while rest and not rest[0].strip():
        rest = rest[1:]
    text = "\n".join(rest).rstrip("\n") + "\n"
    subject = match[1].strip() if match else ""
    return ReportText(subject, text), tuple(_mistakes(lines, subject))


def _mistakes(lines: list[str], subject: str) -> Iterator[Mistake]:
    names = set()
    for number, line in enumerate(lines, 1):
        if line.strip() == _CLASSIC:
            wanted = "want one text with $recipients in it; this is the form of another program"
            yield Mistake(number, wanted)
            return
        for found in Template.pattern.finditer(line):
            name = found["named"] or found["braced"]
            names.add(name)
            if found["invalid"] is not None:
                yield Mistake(number, "a dollar of its own is to be written as two")
            elif name and name not in NAMES:
                known = ", ".join(f"${known}" for known in NAMES)
                yield Mistake(number, f"${name} is nothing to put in here; there are {known}")
        if any(not (c.isprintable() or c == "\t") for c in line):
            yield Mistake(number, "here is a character that does not print")
    if len(subject) > _LONGEST_SUBJECT:
        yield Mistake(1, f"want a subject of at most {_LONGEST_SUBJECT} characters")
    if NEEDED not in names:
        yield Mistake(0, f"want ${NEEDED} somewhere in the text: {NAMES[NEEDED]}")
