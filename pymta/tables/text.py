"""A table as text: the form of /etc/aliases, for aliases, virtual addresses and mailboxes.

    # a comment, on a line of its own
    root:         alice
    "dave smith": dave
    team:         alice, bob,
                  carol@example.org
    info@example.org   alice

A key ends at a colon or a blank, unless it stands in quotes; a line that begins with a blank goes
on with the entry before it.  Letter case does not count, and of two entries with one key the first
is used.  A line that nobody can read may have been anybody's, so what is not found besides it is
uncertain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pymta.dataclass import dataclass
from pymta.mail.address import BadPath, parse_mailbox
from pymta.mail.domain import key_of_domain
from pymta.mail.letters import small
from pymta.mail.sizes import LOCAL_PART
from pymta.tables.table import Answer, Found, Nothing, Unsure

MOST_TOLD = 20  # mistakes of one text
# What is in quotes may hold colons and blanks; a domain may follow.
_KEY = re.compile(r'("(?:[^"\\]|\\.)*"[^\s":]*|[^\s":]+)(?:[ \t]*:|[ \t]|$)[ \t]*')
# Nearly all of them, and there may be very many.
_PLAIN = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*(?:@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)?")


@dataclass(frozen=True, slots=True)
class Mistake:
    """`line` counts from 1."""

    line: int
    why: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.why}"


@dataclass(frozen=True, slots=True)
class Entry:
    """`value` may have several lines; the first one is `line` of the text, counted from 1."""

    line: int
    value: str


class TextTable:
    """`name` is what the table is called, as a rule its path."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.mistakes: list[Mistake] = []
        self._entries: dict[str, Entry] = {}
        self._unreadable: Mistake | None = None
        self._read(text)

    def lookup(self, key: str) -> Answer:
        entry = self._entries.get(key)
        if entry is not None:
            return Found(entry.value, f"{self.name}:{entry.line}", self.name, entry.line)
        if self._unreadable is not None:
            return Unsure(f"{self.name}, {self._unreadable}")
        return Nothing()

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """In the order of the text, by key."""
        return iter(self._entries.items())

    def ends_with(self, key: str) -> bool:
        """Is the entry with this key at the end of the text?"""
        return key == next(reversed(self._entries), "")

    def _read(self, text: str) -> None:
        number, key, lines = 0, "", list[str]()
        for n, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
            if line[:1] in {" ", "\t"} and line.strip():
                if lines:
                    lines.append(line)
                elif not line.lstrip().startswith("#"):
                    self._cannot_read(n, "it goes on with an entry, and none is before it")
            elif not line.strip() or line.startswith("#"):
                if lines:
                    lines.append("")  # keeps the numbers of the lines behind it
            else:
                self._add(key, number, lines)
                key, value = self._begin(n, line)
                number, lines = n, [value]
        self._add(key, number, lines)

    def _begin(self, number: int, line: str) -> tuple[str, str]:
        """Key and value; ("", …): it cannot be read, and nor can what goes on with it."""
        match = _KEY.match(line)
        if match is None:
            self._cannot_read(number, f"{line[:80]!r}: want a name, a colon, and where it leads")
            return "", ""
        try:
            return key_of(match[1]), line[match.end() :]
        except ValueError as error:
            self._cannot_read(number, str(error))
            return "", ""

    def _cannot_read(self, number: int, why: str) -> None:
        mistake = Mistake(number, why)
        self._unreadable = self._unreadable or mistake
        self._note(mistake)

    def _add(self, key: str, number: int, lines: list[str]) -> None:
        if not key:
            return
        if key in self._entries:
            first = self._entries[key].line
            self._note(Mistake(number, f"{key} stands in line {first} already, and that counts"))
            return
        self._entries[key] = Entry(number, "\n".join(lines).rstrip())

    def _note(self, mistake: Mistake) -> None:
        if len(self.mistakes) < MOST_TOLD:
            self.mistakes.append(mistake)


def key_of(text: str) -> str:
    """How a name, an address or ``@domain`` is looked up.  Raises ValueError."""
    if _PLAIN.fullmatch(text) and len(text) <= LOCAL_PART:
        return text.lower()
    if text.startswith("@"):
        return key_of_catch_all(text[1:])
    mailbox = parse_mailbox(text)
    if isinstance(mailbox, BadPath):
        raise ValueError(f"{text[:80]!r} is no name or address: {mailbox.why}")  # noqa: TRY004
    return key_of_address(mailbox.local, mailbox.domain)


def key_of_address(local_part: str, domain: str = "") -> str:
    """`local_part` has no quotes; without a domain it is that of a local address."""
    local = small(local_part)
    return f"{local}@{key_of_domain(domain)}" if domain else local


def key_of_catch_all(domain: str) -> str:
    return f"@{key_of_domain(domain)}"
