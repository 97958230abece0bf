"""Lines of the helper for system users about itself; those about messages are the worker's."""

from __future__ import annotations

from pymta.journal.event import MAIN_AND_PANIC, Event, Kind


def started(pid: int, uid: int, uid_min: int) -> Event:
    text = f"pid {pid}: delivery helper started for uid {uid}, local_uid_min {uid_min}"
    return Event(Kind.STARTED, text, fields={"DAEMON_PID": str(pid)})


def stopped(pid: int) -> Event:
    return Event(Kind.STOPPING, f"pid {pid}: delivery helper stopped")


def settings_read(uid_min: int) -> Event:
    return Event(Kind.RELOAD, f"delivery helper goes on with local_uid_min {uid_min}")


def settings_refused(why: str) -> Event:
    text = f"delivery helper goes on with the former settings: {why}"
    return Event(Kind.RELOAD_FAILED, text, streams=MAIN_AND_PANIC)


def cannot_start(why: str) -> Event:
    return Event(Kind.TROUBLE, f"delivery helper cannot start: {why}", streams=MAIN_AND_PANIC)


def stranger(pid: int, uid: int, wanted: int) -> Event:
    text = f"refused process {pid} of uid {uid}: only uid {wanted} may ask for a delivery"
    fields = {"PEER_PID": str(pid), "PEER_UID": str(uid)}
    return Event(Kind.REFUSED, text, fields=fields, streams=MAIN_AND_PANIC)


def nonsense(why: str) -> Event:
    """A bug of ours, or worse: whoever may ask has asked for something that nobody may."""
    return Event(Kind.REFUSED, f"refused a request: {why}", streams=MAIN_AND_PANIC)


def no_process(account: str, why: str) -> Event:
    text = f"fork for a delivery to {account} failed: {why}"
    return Event(Kind.TROUBLE, text, streams=MAIN_AND_PANIC)


def ended_badly(account: str, how: str, seconds: float) -> Event:
    """A delivery process that gave no answer; its message waits."""
    text = f"delivery process for {account} ended with {how} after {seconds:.1f} s"
    return Event(Kind.TROUBLE, text, streams=MAIN_AND_PANIC)


def crashed(trace: str) -> Event:
    last = trace.strip().rpartition("\n")[2]
    text = f"delivery helper failed: {last}"
    return Event(Kind.TROUBLE, text, fields={"TRACEBACK": trace}, streams=MAIN_AND_PANIC)
