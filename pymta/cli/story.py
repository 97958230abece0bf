"""The story of messages: lines of the log by message, reports behind what they tell of.

Two questions are asked of a log, wherever it is kept: which messages has somebody to do with, and
what are all the lines of these messages.  Lines come in the order in which they were written, so a
report is met after the message that it is about, and whoever was bounced or told is followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Any

from pymta.dataclass import dataclass
from pymta.journal.line import printable
from pymta.mail.message_id import is_id

# As in front of "2026-11-27 06:06:33.123 +0000 [4711] 1xWp6P-7oyCUu0tHNf-15Ci <= a@x.example".
_LINE = re.compile(
    r"(?:<[0-7]>)?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{3})?(?: [+-]\d{4})?)(?: \[\d+\])?"
    r" ([0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}) (.*)",
    re.ASCII | re.DOTALL,
)
_REPORT = re.compile(r"<= <> R=(\S+) ")
_PART_OF_ADDRESS = r"[\w.+!#$%&'*/=?^`{|}~@-]"


@dataclass(frozen=True, slots=True)
class Line:
    """`at` is local time as the log has it; `about` the message that a report tells of, or "".

    `fields` are those of the journal, where it comes from there, without their prefix.
    """

    at: str
    id: str
    text: str
    about: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Story:
    """`about`: this is a report about that message."""

    id: str
    about: str = ""
    lines: list[Line] = field(default_factory=list)

    @property
    def began(self) -> str:
        return self.lines[0].at if self.lines else ""


def parse_line(text: str) -> Line | None:
    """A line of a log file; None when it is of no message."""
    found = _LINE.fullmatch(text)
    if not found:
        return None
    at, id, said = found.groups()
    report = _REPORT.match(said)
    about = report[1] if report and is_id(report[1]) else ""
    return Line(at, id, said, about)


def names(address: str) -> re.Pattern[str]:
    """Where a text names this address, and no longer one that ends or begins like it."""
    before, after = f"(?<!{_PART_OF_ADDRESS})", f"(?!{_PART_OF_ADDRESS})"
    return re.compile(before + re.escape(address) + after, re.IGNORECASE)


def is_of_message_id(text: str, message_id: str) -> bool:
    """Does an arrival have this Message-ID field, which is without its angle brackets here?"""
    return bool(re.search(rf" id\*?=<?{re.escape(message_id)}>?(?: |$)", text))


def gather(lines: Iterable[Line], ids: Iterable[str]) -> dict[str, Story]:
    """The stories of these messages, and of reports about them."""
    stories = {id: Story(id) for id in ids}
    for line in lines:
        if line.about in stories and line.id not in stories:
            stories[line.id] = Story(line.id, line.about)
        story = stories.get(line.id)
        if story is not None:
            story.about = story.about or line.about
            story.lines.append(line)
    return {id: story for id, story in stories.items() if story.lines}


def in_order(stories: Iterable[Story]) -> list[Story]:
    """By when they began, each with the reports about it right behind it."""
    by_time = sorted(stories, key=lambda story: (story.began, story.id))
    ids = {story.id for story in by_time}
    of: dict[str, list[Story]] = {}
    for story in by_time:
        of.setdefault(story.about if story.about in ids else "", []).append(story)
    ordered: list[Story] = []

    def add(id: str) -> None:
        for story in of.pop(id, ()):
            ordered.append(story)
            add(story.id)

    add("")
    return ordered


def told(story: Story) -> Iterator[str]:
    for line in story.lines:
        yield f"{line.at} {line.id} {printable(line.text)}"


def as_plain(story: Story) -> dict[str, Any]:
    return {
        "id": story.id,
        "about": story.about,
        "lines": [
            {"at": line.at, "text": line.text, "fields": line.fields} for line in story.lines
        ],
    }
