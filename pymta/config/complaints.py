"""What is wrong with the settings: every mistake, each where it stands and with its remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence

from pymta.config.absent import ABSENT
from pymta.config.similar import similar
from pymta.dataclass import dataclass

LONGEST_SHOWN = 60  # characters of a value that a complaint quotes


@dataclass(frozen=True, slots=True)
class Complaint:
    """One mistake, at `line` of `file`; 0 and "" where it stands in no file.

    `found` is the value as shown to the operator ("" when the name itself is wrong), `wanted`
    says what would be right.
    """

    file: str
    line: int
    key: str
    found: str
    wanted: str

    def __str__(self) -> str:
        parts = [f"{self.file}:{self.line}" if self.line else self.file, self.key]
        what = f"found {self.found}; {self.wanted}" if self.found else self.wanted
        return _one_line(": ".join([*(part for part in parts if part), what]))


class ConfigError(Exception):
    """The settings cannot be used; a command that meets this exits 78 (EX_CONFIG)."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        super().__init__(complaints)
        self.complaints = tuple(complaints)

    def __str__(self) -> str:
        return "\n".join(str(complaint) for complaint in self.complaints)


def shown(value: object) -> str:
    """A value as its file writes it, more or less: one printable line, cut when it is long."""
    match value:
        case dict():
            text = "a table"
        case bool() | str() | list():
            text = json.dumps(value, default=str, ensure_ascii=False)
        case _:
            text = str(value)
    text = _one_line(text)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."


def unknown_name(name: str, known: Collection[str], *, is_table: bool) -> str:
    """What to say of a name that is no setting."""
    if is_table:
        return "no such setting; all settings stand at the top level, without tables"
    if name in ABSENT:
        return f"no such setting; {ABSENT[name]}"
    close = similar(name, known)
    if close:
        return f"no such setting; did you mean {close}?"
    return "no such setting; `pymta config show` lists all there are"


def not_toml(message: str, text: str) -> tuple[int, str]:
    """Line (0: the end of the file) and wording for what tomllib says of `text`."""
    at = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)", message)
    line = int(at[1] or 0) if at else 0
    what = message[: at.start()] if at else message
    words = f"this is not TOML: {what}"
    source = text.split("\n")[line - 1] if line else ""
    if re.fullmatch(r"\s*[\w-]+\s*=\s*[^\"'\s\[{][^\"']*", source):
        words += " (texts, times and sizes stand in quotes)"
    return line, words


def _one_line(text: str) -> str:
    """Names and values of a file may hold anything; a terminal gets what prints."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
