"""The files in which an operator words reports: looked at with the settings, read for each report.

Touches: disk.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from pymta.config.complaints import Complaint
from pymta.config.queue import Queue
from pymta.config.report_text import Mistake, ReportText, parse_report_text

LARGEST = 64 << 10  # octets
OPTIONS = ("bounce_message_file", "warn_message_file")


def read_report_text(path: str) -> ReportText:
    """Raises OSError or ValueError that says what is wrong with the file, for the log."""
    text, mistakes = _read(path)
    if mistakes:
        first = mistakes[0]
        raise ValueError(f"line {first.line}: {first.wanted}" if first.line else first.wanted)
    return text


def report_complaints(queue: Queue) -> Iterator[Complaint]:
    """All that is wrong with the files that the settings name."""
    for option in OPTIONS:
        path = getattr(queue, option)
        if not path:
            continue
        try:
            _, mistakes = _read(path)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            yield Complaint(path, 0, option, "", f"cannot be read: {why}")
            continue
        for one in mistakes:
            yield Complaint(path, one.line, option, "", one.wanted)


def _read(path: str) -> tuple[ReportText, tuple[Mistake, ...]]:
    if not stat.S_ISREG(Path(path).stat().st_mode):  # a pipe would keep a reload waiting
        raise ValueError("it is no file")
    with Path(path).open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 10}K")
    try:
        return parse_report_text(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        wanted = f"this is not UTF-8: byte 0x{data[error.start]:02x}"
        return ReportText("", ""), (Mistake(line, wanted),)
