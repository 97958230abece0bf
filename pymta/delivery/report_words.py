"""The words of a report, from the file that the operator names for its kind.

The file is read for each report, so that what he changes counts at once; where it is of no use for
the moment, he is told, and the usual words stand in.

Touches: disk.
"""

from __future__ import annotations

from collections.abc import Callable

from pymta.config.queue import Queue
from pymta.config.report_files import read_report_text
from pymta.config.report_text import ReportText
from pymta.journal import delivery_events
from pymta.journal.event import Event
from pymta.spool.outcomes import DELAYED, FAILED


def words_of(queue: Queue, tell: Callable[[Event], None], action: str) -> ReportText | None:
    """`action` is what the report is about, as in `pymta.report.told`."""
    option = {FAILED: "bounce_message_file", DELAYED: "warn_message_file"}.get(action)
    path = getattr(queue, option) if option else ""
    if not path:
        return None
    try:
        return read_report_text(path)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        tell(delivery_events.no_words(path, why or str(error)))
        return None
