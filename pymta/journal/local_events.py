"""Lines of the helper for system users about itself; those about messages are the worker's."""

from __future__ import annotations

from pymta.journal.event import MAIN_AND_PANIC, Event, Kind


def started(pid: int, uid: int, uid_min: int) -> Event:
    text = f"pid {pid}: delivery helper started for uid {uid}, local_uid_min {uid_min}"
    return Event(Kind.HELPER, text, fields={"DAEMON_PID": str(pid)})


def stopped(pid: int) -> Event:
    text = f"pid {pid}: delivery helper stopped"
    return Event(Kind.HELPER, text, fields={"DAEMON_PID": str(pid)})


def settings_read(pid: int, uid_min: int) -> Event:
    text = f"pid {pid}: delivery helper goes on with local_uid_min {uid_min}"
    return Event(Kind.HELPER, text, fields={"DAEMON_PID": str(pid)})


def settings_refused(why: str) -> Event:
    text = f"delivery helper goes on with the former settings: {why}"
    return Event(Kind.RELOAD_FAILED, text, streams=MAIN_AND_PANIC)


def cannot_start(why: str) -> Event:
    text = f"delivery helper cannot start: {why}"
    return Event(Kind.CANNOT_START, text, streams=MAIN_AND_PANIC)


def stranger(uid: int, pid: int, wanted: int) -> Event:
    text = f"refused process {pid} of uid {uid}: only uid {wanted} may ask for a delivery"
    return Event(Kind.NOT_ALLOWED, text, fields=_peer(uid, pid), streams=MAIN_AND_PANIC)


def nonsense(uid: int, pid: int, why: str) -> Event:
    """A bug of ours, or worse: who may ask has asked for something that nobody may."""
    text = f"refused a request of process {pid}: {why}"
    return Event(Kind.NOT_ALLOWED, text, fields=_peer(uid, pid), streams=MAIN_AND_PANIC)


def no_process(account: str, why: str) -> Event:
    text = f"fork for a delivery to {account} failed: {why}"
    return Event(Kind.FORK_FAILED, text, streams=MAIN_AND_PANIC)


def ended_badly(pid: int, account: str, how: str, seconds: float) -> Event:
    """A delivery process that gave no answer; its message waits."""
    text = f"delivery process for {account} ended with {how} after {seconds:.1f} s"
    fields = {"CHILD_PID": str(pid)}
    return Event(Kind.PROCESS_FAILED, text, fields=fields, streams=MAIN_AND_PANIC)


def crashed(trace: str) -> Event:
    last = trace.strip().rpartition("\n")[2]
    return Event(
        Kind.PROCESS_FAILED,
        f"delivery helper failed: {last}",
        fields={"TRACEBACK": trace},
        streams=MAIN_AND_PANIC,
    )


def _peer(uid: int, pid: int) -> dict[str, str]:
    return {"PEER_UID": str(uid), "PEER_PID": str(pid)}
