"""Deliver this message at once, or leave it to the queue runs (ID-01)?

A session has a mode: once its mail waits, all that it still sends waits.  It may begin so
(queue_only, or too many connections beside it), or come to it with a message: one too many of its
connection, or one that arrives under too much load or pressure.  Only the last reason may be for
that message alone (queue_only_load_latch = false, N-07).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from pymta.config.immediate import Immediate, parse_queue_file
from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.load.reading import Load, excess, queue_only, reserve


@dataclass(frozen=True, slots=True)
class Mode:
    """`reason` is for the log, "" when the settings alone make mail wait (ID-05).

    `no_smtp`: what goes over SMTP waits, even where `queues` is false.
    """

    queues: bool = False
    reason: str = ""
    no_smtp: bool = False


def mode_at_start(others: int, files: Iterable[str], settings: Settings) -> Mode:
    """CP-06: `others` connections are open now, `files` are those of queue_only_file that exist.

    Too many connections is the reason that is told, also where queue_only says the same (ID-05).
    """
    about_smtp = {is_smtp for is_smtp, _ in map(parse_queue_file, files)}
    mode = Mode(settings.immediate.queue_only or False in about_smtp, no_smtp=True in about_smtp)
    most = settings.limits.smtp_accept_queue
    if most and others >= most:  # ID-02 shows the count with this one (N-05)
        return replace(mode, queues=True, reason=f"too many connections ({others + 1}, max {most})")
    return mode


def mode_of_local(files: Iterable[str], load: Load, settings: Settings) -> Mode:
    """The same for a user of this machine, who is let in whatever the load.

    His mail waits where a host would not have been let in (LM-02); how many of those there are
    makes no difference to him.
    """
    mode = mode_at_start(0, files, settings)
    above = excess(load, reserve(settings.limits))
    if above:
        return replace(mode, queues=True, reason=f"{above.what} {above.value:.2f}")
    return mode


def judge(
    mode: Mode, accepted: int, read_load: Callable[[], Load], immediate: Immediate
) -> tuple[Mode, Mode]:
    """What holds for this message, and what for those after it.

    `accepted` counts the messages of this connection, this one included.  `read_load` is asked
    only when it comes to that.
    """
    if mode.queues:
        return mode, mode
    limit = immediate.smtp_accept_queue_per_connection
    if limit and accepted > limit:
        reason = f"more than {limit} messages received in one connection"  # ID-03
        queueing = replace(mode, queues=True, reason=reason)
        return queueing, queueing
    above = excess(read_load(), queue_only(immediate))
    if above:
        queueing = replace(mode, queues=True, reason=f"{above.what} {above.value:.2f}")  # ID-04
        return queueing, queueing if immediate.queue_only_load_latch else mode
    return mode, mode
