"""What a queue run has to tell (`queue_run` in the catalogue; N-37 for workers that die)."""

from __future__ import annotations

from typing import Protocol

from pymta.journal.event import MAIN_AND_PANIC, Event, Kind


class Run(Protocol):
    """What we need to know of a `pymta.channel.selection.Selection`.

    `flags` are the classic options of a run that is not a plain one.
    """

    @property
    def queue(self) -> str: ...
    @property
    def flags(self) -> str: ...
    @property
    def by(self) -> str: ...


def started(pid: int, run: Run) -> Event:
    return _run(Kind.QUEUE_RUN, "Start", pid, run)


def ended(pid: int, run: Run, *, attempted: int, left: int = 0) -> Event:
    """`left` were due, and not opened, because their hosts are left alone."""
    more = {"LEFT": str(left)} if left else {}
    return _run(Kind.QUEUE_RUN_ENDED, "End", pid, run, ATTEMPTED=str(attempted), **more)


def skipped(pid: int, run: Run, why: str) -> Event:
    """It does not begin at all."""
    return _run(Kind.QUEUE_RUN_SKIPPED, "Skip", pid, run, f" ({why})")


def too_busy(pid: int, run: Run, load: float, most: float) -> Event:
    """`deliver_queue_load_max`: what it has not come to waits for another run.

    The classic line does not name the queue.
    """
    flags = f" {run.flags}" if run.flags else ""
    text = f"Abandon queue run: pid={pid}{flags} (load {load:.2f}, max {most:.2f})"
    fields = _facts(run) | {"LOAD": f"{load:.2f}"}
    return Event(Kind.QUEUE_RUN_ABANDONED, text, fields=fields, selector="queue_run")


def worker_died(pid: int, status: int, id: str) -> Event:
    """A delivery worker ended badly (N-37); `status` negative is a signal.  The message stays."""
    how = f"crashed with signal {-status}" if status < 0 else f"ended with status {status}"
    over = f" while delivering {id}" if id else ""
    return Event(
        Kind.PROCESS_FAILED,
        f"queue run: process {pid} {how}{over}",
        queue_id=id,
        fields={"CHILD_PID": str(pid), "CHILD_STATUS": str(status)},
        streams=MAIN_AND_PANIC,
    )


def no_process(why: str) -> Event:
    return _trouble(Kind.FORK_FAILED, f"queue run: delivery process fork failed: {why}")


def no_spool(why: str) -> Event:
    return _trouble(Kind.SPOOL_TROUBLE, f"queue run: {why}")


def abandoned(pid: int) -> Event:
    text = f"Abandon queue run: pid={pid} (delivery processes end at once; see above)"
    return _trouble(Kind.QUEUE_RUN_ABANDONED, text)


def _run(kind: Kind, word: str, pid: int, run: Run, more: str = "", **fields: str) -> Event:
    """N-16: a named queue stands between the words."""
    queue = f"'{run.queue}' " if run.queue else ""
    flags = f" {run.flags}" if run.flags else ""
    text = f"{word} {queue}queue run: pid={pid}{flags}{more}"
    return Event(kind, text, fields=_facts(run) | fields, selector="queue_run")


def _facts(run: Run) -> dict[str, str]:
    return {"BY": run.by} | ({"QUEUE": run.queue} if run.queue else {})


def _trouble(kind: Kind, text: str) -> Event:
    return Event(kind, text, streams=MAIN_AND_PANIC)
