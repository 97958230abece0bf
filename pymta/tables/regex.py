r"""A table of regular expressions, as text: the first one that the key fits says where it leads.

    # a comment, on a line of its own
    /^(.+)-request@lists\.example\.org$/   owner-$1@lists.example.org
    /^[^@]+@old\.example\.org$/            alice,
                                           bob

An expression stands between slashes (``\/`` is one in it), is found anywhere unless it begins with
``^`` and ends with ``$``, and letter case does not count.  ``$1`` or ``${1}`` is what its first
group found, ``$$`` a dollar sign.  A line that begins with a blank goes on with the entry before.

Strangers choose the keys.  So expressions that could take long are mistakes, and so are tables that
could take long altogether (`pymta.config.pattern`); and an address that is written in quotes fits
nothing, since what it puts into a value could be more than one address.  ``@example.org`` is not
looked up here: an expression can have all of a domain itself.

A line that nobody can read may have been for anybody whom no line before it was for.
"""

from __future__ import annotations

import re

from pymta.config.pattern import LONGEST_NAME, MOST_BITS, bits_of, parse_pattern
from pymta.dataclass import dataclass
from pymta.mail.address import Mailbox
from pymta.tables.entries import entries_of
from pymta.tables.table import Answer, Found, Nothing, Unsure
from pymta.tables.text import MOST_TOLD, Mistake

_LINE = re.compile(r"/((?:[^/\\]|\\.)+)/(?:[ \t]+|$)(.*)", re.DOTALL)
_GROUP = re.compile(r"\$(?:\$|([0-9]+)|\{([0-9]+)\})")
_WANTED = "want an expression such as /^(.+)@old\\.example$/, a blank, and a value"


@dataclass(frozen=True, slots=True)
class _Entry:
    """`pattern` is None in a line that nobody can read, and `value` says why; `line` is from 1."""

    line: int
    pattern: re.Pattern[str] | None
    value: str


class RegexTable:
    """`name` is what the table is called, as a rule its path."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.mistakes: list[Mistake] = []
        self.entries: list[_Entry] = []
        self._ways = 0.0
        for number, line in entries_of(text):
            self.entries.append(self._entry(number, line))

    def lookup(self, key: str) -> Answer:
        entry, match = self._first(key)
        if entry is None:
            return Nothing()
        where = f"{self.name}:{entry.line}"
        if match is None:
            return Unsure(f"{where}: {entry.value}")
        return Found(_filled(entry.value, match), where, is_pattern=True)

    def __len__(self) -> int:
        return len(self.entries)

    def ends_with(self, key: str) -> bool:
        entry, _ = self._first(key)
        return entry is not None and entry is self.entries[-1]

    def _first(self, key: str) -> tuple[_Entry | None, re.Match[str] | None]:
        if _is_asked(key):
            for entry in self.entries:
                match = entry.pattern and entry.pattern.search(key)
                if match or entry.pattern is None:
                    return entry, match
        return None, None

    def _entry(self, number: int, line: str) -> _Entry:
        try:
            pattern, value = self._parse(line)
        except ValueError as error:
            if len(self.mistakes) < MOST_TOLD:
                self.mistakes.append(Mistake(number, str(error)))
            return _Entry(number, None, str(error))
        return _Entry(number, pattern, value)

    def _parse(self, line: str) -> tuple[re.Pattern[str], str]:
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{line[:80]!r}: {_WANTED}")
        text = match[1].replace("\\/", "/")
        pattern = parse_pattern(text)
        self._ways += 2 ** bits_of(text)
        if self._ways > 2**MOST_BITS:
            raise ValueError(
                "this line, with those before it, could take too long; want fewer * and +"
            )
        for group in _GROUP.finditer(match[2]):
            if int(group[1] or group[2] or 0) > pattern.groups:
                raise ValueError(f"{group[0]}: the expression has {pattern.groups} groups")
        return pattern, match[2].rstrip()


def _is_asked(key: str) -> bool:
    local_part, at, domain = key.rpartition("@")
    if len(key) > LONGEST_NAME or not (local_part or not at):
        return False
    return not str(Mailbox(local_part if at else key, domain)).startswith('"')


def _filled(value: str, match: re.Match[str]) -> str:
    def text_of(group: re.Match[str]) -> str:
        number = group[1] or group[2]
        return (match[int(number)] or "") if number else "$"

    return _GROUP.sub(text_of, value)
