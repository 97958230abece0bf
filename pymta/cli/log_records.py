"""Where the lines of messages are: in the journal, or in log files and what was rotated away.

    messages(key)     ids of messages that have to do with an address or a Message-ID
    lines(ids)        their lines, and those of reports about them, in the order of writing

The journal has an index by field, so it is asked by field; files are read from the oldest to the
newest, one line in memory at a time.

Touches: disk, processes.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from glob import escape
from pathlib import Path
from typing import IO, Any, Protocol

from pymta.cli.story import Line, is_of_message_id, names, parse_line
from pymta.journal.local_time import stamp

PREFIX = "PYMTA_"
_IDENT = "SYSLOG_IDENTIFIER=pymta"
_ADDRESSES = ("RECIPIENT", "SENDER", "ORIGINAL_RECIPIENT", "TO")
_OPENERS: dict[str, Callable[..., IO[str]]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
MOST_IN_A_QUESTION = 200  # ids in one call of journalctl


class Records(Protocol):
    @property
    def where(self) -> str:
        """In words, for whoever finds nothing there."""
        ...

    def of_address(self, address: str) -> Iterator[str]: ...

    def of_message_id(self, message_id: str) -> Iterator[str]: ...

    def lines(self, ids: Iterable[str]) -> Iterator[Line]:
        """With those of reports about them."""
        ...


class LogFiles:
    """`paths` are from the oldest to the newest; `since` is the first time that counts, or ""."""

    def __init__(self, paths: Sequence[Path], since: str = "") -> None:
        self._paths = paths
        self._since = since

    @property
    def where(self) -> str:
        return ", ".join(map(str, self._paths)) or "no log file"

    def of_address(self, address: str) -> Iterator[str]:
        is_named = names(address)
        wanted = address.lower()
        return (
            line.id
            for line in self._all(lambda text: wanted in text.lower())
            if is_named.search(line.text)
        )

    def of_message_id(self, message_id: str) -> Iterator[str]:
        found = self._all(lambda text: message_id in text)
        return (line.id for line in found if is_of_message_id(line.text, message_id))

    def lines(self, ids: Iterable[str]) -> Iterator[Line]:
        wanted = set(ids)
        for line in self._all(lambda text: any(id in text for id in wanted)):
            if line.id in wanted or line.about in wanted:
                wanted.add(line.id)
                yield line

    def _all(self, may_fit: Callable[[str], bool]) -> Iterator[Line]:
        for path in self._paths:
            opener = _OPENERS.get(path.suffix, open)
            with (
                suppress(FileNotFoundError),  # rotated away while we read
                opener(path, "rt", encoding="utf-8", errors="surrogateescape") as file,
            ):
                for text in file:
                    line = parse_line(text.rstrip("\n")) if may_fit(text) else None
                    if line and line.at >= self._since:
                        yield line


def with_rotated(path: Path) -> list[Path]:
    """The log file and those that were it, whatever logrotate calls them; the oldest first."""
    found = {path, *path.parent.glob(f"{escape(path.name)}[.-]*")}
    times = []
    for one in found:
        with suppress(FileNotFoundError):
            times.append((one.stat().st_mtime, one))
    return [one for _, one in sorted(times)]


class Journal:
    """`journalctl` is the command with whatever says which journal."""

    def __init__(self, since: str = "", journalctl: Sequence[str] = ("journalctl",)) -> None:
        self._command = (*journalctl, *(("--since", since) if since else ()))

    where = "the journal"

    def of_address(self, address: str) -> Iterator[str]:
        """The journal knows upper from lower case, so both are asked for."""
        ways = dict.fromkeys((address, address.lower()))
        return self._ids(*(f"{PREFIX}{field}={way}" for field in _ADDRESSES for way in ways))

    def of_message_id(self, message_id: str) -> Iterator[str]:
        field = f"{PREFIX}MESSAGE_ID_HEADER="
        return self._ids(f"{field}{message_id}", f"{field}<{message_id}>")

    def lines(self, ids: Iterable[str]) -> Iterator[Line]:
        wanted = list(dict.fromkeys(ids))
        reports = list(dict.fromkeys(self._reports(wanted)))
        found: dict[str, Line] = {}  # by cursor, which tells two equal lines apart
        for part in _parts([*wanted, *(id for id in reports if id not in wanted)]):
            for record in self._ask(*(f"{PREFIX}QUEUE_ID={id}" for id in part)):
                if line := _line(record):
                    found[_text(record, "__REALTIME_TIMESTAMP") + _text(record, "__CURSOR")] = line
        return iter([found[key] for key in sorted(found)])

    def _reports(self, ids: Sequence[str]) -> Iterator[str]:
        """Reports about these, and about those: who is told of a report that he did not get?"""
        seen: set[str] = set(ids)
        ahead = list(ids)
        while ahead:
            new = []
            for part in _parts(ahead):
                for id in self._ids(*(f"{PREFIX}ABOUT={id}" for id in part)):
                    if id not in seen:
                        seen.add(id)
                        new.append(id)
                        yield id
            ahead = new

    def _ids(self, *matches: str) -> Iterator[str]:
        for record in self._ask(*matches):
            if id := _text(record, f"{PREFIX}QUEUE_ID"):
                yield id

    def _ask(self, *matches: str) -> Iterator[dict[str, Any]]:
        """Records for which one of these holds.  Raises OSError."""
        words: list[str] = []
        for match in matches:
            words += [*(["+"] if words else []), _IDENT, match]
        command = [*self._command, "--quiet", "--no-pager", "--all", "-o", "json", *words]
        with subprocess.Popen(  # noqa: S603 - a list of words, no shell
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as asked:
            assert asked.stdout
            assert asked.stderr
            for text in asked.stdout:
                yield json.loads(text)
            said = asked.stderr.read().decode(errors="replace").strip()
        if asked.returncode and said:
            raise OSError(0, f"journalctl: {said}")


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), MOST_IN_A_QUESTION):
        yield ids[start : start + MOST_IN_A_QUESTION]


def _line(record: dict[str, Any]) -> Line | None:
    id = _text(record, f"{PREFIX}QUEUE_ID")
    if not id:
        return None
    seconds = int(_text(record, "__REALTIME_TIMESTAMP") or 0) / 1e6
    text = _text(record, "MESSAGE").removeprefix(f"{id} ")
    fields = {
        name.removeprefix(PREFIX): _text(record, name) for name in record if name.startswith(PREFIX)
    }
    return Line(stamp(seconds), id, text, fields.get("ABOUT", ""), fields)


def _text(record: dict[str, Any], name: str) -> str:
    """A field; of one that stands several times all, and of one that is no text its octets."""
    value = record.get(name, "")
    if isinstance(value, list):
        if value and isinstance(value[0], int):
            return bytes(value).decode("utf-8", "surrogateescape")
        return " ".join(_text({"": one}, "") for one in value)
    return value or ""
