"""On which line of a TOML file does a key, or an item of its list, stand?

The TOML parser of the standard library does not tell.  This scanner runs over text that the
parser has accepted already, so it looks only for where things begin and end, and never judges.
"""

from __future__ import annotations

import re

# ("local_domains",) for the key, ("local_domains", 1) for an item; ("policy", "rcpt", 0) for the
# first of several tables.
Path = tuple[str | int, ...]

_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?""""{0,2}'  # up to two more quotes belong to the text
    r"|'''.*?''''{0,2}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")  # a date may hold a blank
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_TO_LINE_END = re.compile(r"[^\n]*")


def find_places(text: str) -> dict[Path, int]:
    """Line numbers, from 1, of all keys, table headers and list items of `text`."""
    return _Scanner(text).run()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._places: dict[Path, int] = {}
        self._lasts: dict[Path, int] = {}  # of tables that come in numbers, the last one's

    def run(self) -> dict[Path, int]:
        table: Path = ()
        while self._past_blank():
            if self._next() == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_TO_LINE_END)
        return self._places

    def _header(self) -> Path:
        brackets = 0
        while self._next() == "[":
            self._at += 1
            brackets += 1
        *front, last = self._key()
        path: Path = ()
        for part in front:
            path = self._last_of((*path, part))
        path = (*path, last)
        self._places.setdefault(path, self._line)
        if brackets == 2:
            self._lasts[path] = self._lasts.get(path, -1) + 1
        path = self._last_of(path)
        self._places.setdefault(path, self._line)
        return path

    def _last_of(self, path: Path) -> Path:
        """``[[a]]`` stands for one of several tables; what follows belongs to the last one."""
        return (*path, self._lasts[path]) if path in self._lasts else path

    def _pair(self, table: Path) -> None:
        path = table + self._key()
        self._places.setdefault(path, self._line)
        self._at += 1  # the equals sign
        self._value(path)

    def _key(self) -> Path:
        """A dotted key, and the blanks around it."""
        parts: list[str | int] = []
        while True:
            self._skip(_SPACE)
            if self._next() in ('"', "'"):
                parts.append(self._skip(_STRING)[1:-1])
            else:
                parts.append(self._skip(_BARE_KEY))
            self._skip(_SPACE)
            if self._next() != ".":
                return tuple(parts)
            self._at += 1

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        match self._next():
            case '"' | "'":
                self._skip(_STRING)
            case "[":
                self._list(path)
            case "{":
                self._inline_table(path)
            case _:
                self._skip(_SCALAR)

    def _list(self, path: Path) -> None:
        number = 0
        while self._open_or_comma() != "]":
            self._places.setdefault((*path, number), self._line)
            self._value((*path, number))
            self._skip(_BLANK)
            number += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        while self._open_or_comma() != "}":
            self._pair(path)
            self._skip(_BLANK)
        self._at += 1

    def _open_or_comma(self) -> str:
        """Step over a separator and blanks; what comes next: an item, or the closing bracket."""
        if self._next() in ("[", "{", ","):
            self._at += 1
        return self._past_blank()

    def _past_blank(self) -> str:
        self._skip(_BLANK)
        return self._next()

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        found = match[0] if match else ""
        self._at += len(found)
        self._line += found.count("\n")
        return found
