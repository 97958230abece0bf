"""What stands in the password file: one account, or one that a name which nobody has is made like.

The text is searched, not read line by line, so that a login costs the same whatever else is in it:
thousands of lines are milliseconds at most, and a mistake in one of them concerns nobody else.
"""

from __future__ import annotations

import re
from functools import cached_property

from pymta.accounts.password_line import Entry, parse_line
from pymta.sasl.verifier import LEAST_ITERATIONS, SALT_LENGTH, Verifier

_ENTRY = re.compile(rb"\n[^#:\n][^:\n]*:(?![!*])[^\n]+")
# An account that has no verifier.  It stands in the first or the second field.
_WITHOUT = re.compile(
    rb"\n[^#:\n][^:\n]*:(?![!*]|\{SCRAM-SHA-256\})(?![^:\n]*:\{SCRAM-SHA-256\})[^\n]", re.IGNORECASE
)
# What others are made like where there are none.
_NOBODY = Entry("", verifier=Verifier(LEAST_ITERATIONS, bytes(SALT_LENGTH), bytes(32), bytes(32)))


class PasswordText:
    def __init__(self, data: bytes) -> None:
        self._data = b"\n" + data

    def find(self, name: str) -> Entry | None:
        """The account of this prepared name; None where there is none, or it is locked.

        Raises ValueError, with words for the operator, when its line is of no use.
        """
        before = b"\n%s:" % name.encode()
        count = self._data.count(before)  # to the end of the text, whether it is there or not
        if not count:
            return None
        if count > 1:
            raise ValueError("stands there more than once")
        entry = _parse(self._line(self._data.index(before) + 1))
        return None if entry is None or entry.is_locked else entry

    def like(self, number: int, *, has_verifier: bool = False) -> Entry:
        """Some account, always the same for the same large number, mostly also when others are
        added.  So those who are made like others have the same kinds of hashes, as often.
        """
        for start in (self._place(number), 0):  # from there on, and round
            for found in _ENTRY.finditer(self._data, start):
                if entry := self._usable(found.start() + 1, has_verifier=has_verifier):
                    return entry
        return _NOBODY

    def _place(self, number: int) -> int:
        """As in linear hashing: where the text grows, few numbers get another place."""
        size = len(self._data)
        power = 1 << (size - 1).bit_length()
        place = number % power
        return place if place < size else place % (power // 2)

    @cached_property
    def has_verifiers(self) -> bool:
        """Has every account one?

        Programs choose SCRAM where it is offered; who has no verifier could not log in any more.
        """
        return bool(_ENTRY.search(self._data)) and not _WITHOUT.search(self._data)

    def _usable(self, start: int, *, has_verifier: bool) -> Entry | None:
        try:
            entry = _parse(self._line(start))
        except ValueError:
            return None
        if entry is None or entry.is_locked or (has_verifier and not entry.verifier):
            return None
        return entry

    def _line(self, start: int) -> bytes:
        end = self._data.find(b"\n", start)
        return self._data[start:] if end < 0 else self._data[start:end]


def _parse(line: bytes) -> Entry | None:
    return parse_line(line.removesuffix(b"\r").decode())
