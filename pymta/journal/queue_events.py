"""What a queue run has to tell (`queue_run` in the catalogue; N-37 for workers that die)."""

from __future__ import annotations

from pymta.journal.event import MAIN_AND_PANIC, Event, Kind


def started(pid: int, flags: str, by: str) -> Event:
    """`flags` is the classic option of a run that is not a plain one."""
    return _run("Start", pid, flags, {"BY": by})


def ended(pid: int, flags: str, by: str, *, attempted: int) -> Event:
    return _run("End", pid, flags, {"BY": by, "ATTEMPTED": str(attempted)})


def worker_died(pid: int, status: int, id: str) -> Event:
    """A delivery worker ended badly (N-37); `status` negative is a signal.  The message stays."""
    how = f"crashed with signal {-status}" if status < 0 else f"ended with status {status}"
    over = f" while delivering {id}" if id else ""
    return Event(
        Kind.TROUBLE,
        f"queue run: process {pid} {how}{over}",
        queue_id=id,
        fields={"WORKER_PID": str(pid), "WORKER_STATUS": str(status)},
        streams=MAIN_AND_PANIC,
    )


def no_process(why: str) -> Event:
    return _trouble(f"queue run: delivery process fork failed: {why}")


def no_spool(why: str) -> Event:
    return _trouble(f"queue run: {why}")


def abandoned(pid: int) -> Event:
    return _trouble(f"Abandon queue run: pid={pid} (delivery processes end at once; see above)")


def _run(word: str, pid: int, flags: str, fields: dict[str, str]) -> Event:
    tail = f" {flags}" if flags else ""
    text = f"{word} queue run: pid={pid}{tail}"
    return Event(Kind.QUEUE_RUN, text, fields=fields, selector="queue_run")


def _trouble(text: str) -> Event:
    return Event(Kind.TROUBLE, text, streams=MAIN_AND_PANIC)
