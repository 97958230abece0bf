"""Lines about the daemon itself, in the words of the classic one."""

from __future__ import annotations

from collections.abc import Sequence

from pymta.config.changes import Changes
from pymta.journal.event import MAIN, MAIN_AND_PANIC, Event, Kind, Severity, Value
from pymta.mail.caller import Endpoint, LocalCaller


def started(text: str, *, pid: int, version: str) -> Event:
    """SL-01; `text` is everything behind the pid."""
    return Event(
        Kind.STARTED,
        text,
        fields={"DAEMON_PID": str(pid), "VERSION": version},
    )


def settings_changed(line: str, changes: Changes) -> Event:
    """What a reload, or a restart, has changed; `line` is one of its lines."""
    fields: dict[str, Value] = {"FORMER_GENERATION": str(changes.former)}
    if changes.options:
        fields["OPTION"] = changes.options
    return Event(Kind.SETTINGS_CHANGED, line, fields=fields)


def arguments(directory: str, command: Sequence[str]) -> Event:
    """What was typed, quoted where it would else not be read as one word."""
    words = (f'"{word}"' if not word or any(map(str.isspace, word)) else word for word in command)
    text = f"cwd={directory} {len(command)} args: {' '.join(words)}"
    return Event(Kind.ARGUMENTS, text, selector="arguments")


def stopping(pid: int, signal: str, *, sessions: int, deliveries: int) -> Event:
    busy = f"; {sessions} sessions and {deliveries} deliveries to finish"
    return Event(Kind.STOPPING, f"pid {pid}: {signal} received: daemon stopping{busy}")


def no_helper(path: str) -> Event:
    text = (
        f"local_users is set, and no delivery helper listens at {path}: mail for system users"
        " waits; start pymta-deliver.socket, or without systemd the daemon anew as root"
    )
    return Event(Kind.TROUBLE, text, streams=MAIN_AND_PANIC)


def wait_is_over(version: str) -> Event:
    """N-11: nobody has called for the time that -bw gave."""
    return Event(Kind.STOPPING, f"pymta {version} daemon terminating, inetd wait timeout reached.")


def stopped(pid: int, *, cut_off: int) -> Event:
    rest = f", {cut_off} child processes ended before they had finished" if cut_off else ""
    return Event(Kind.STOPPED, f"pid {pid}: daemon stopped{rest}")


def cut_off(pid: int, job: str, *, address: str = "", id: str = "") -> Event:
    """The grace time is over for this child; `address` is its caller's, `id` its message."""
    what = f"{job} with [{address}]" if address else job
    text = f"child process {pid} ({what}) cut off: not finished when the grace time was over"
    fields = {"CLIENT": address} if address else {}
    return Event(Kind.CUT_OFF, text, queue_id=id, fields=fields)


def reexec(pid: int, generation: int) -> Event:
    """HU-02."""
    return Event(
        Kind.RELOAD,
        f"pid {pid}: SIGHUP received: re-exec daemon",
        fields={"NEW_GENERATION": str(generation)},
    )


def survivors(why: str, children: int) -> Event:
    """HU-04: the image before us was of a version that we do not know."""
    processes = "1 child process holds" if children == 1 else f"{children} child processes hold"
    return Event(Kind.RELOAD, f"{why}: {processes} a connection slot until the end")


def reload_refused(complaint: str) -> Event:
    """HU-06: one line per mistake."""
    return Event(
        Kind.RELOAD_FAILED,
        f"reload refused, the old configuration stays: {complaint}",
        streams=MAIN_AND_PANIC,
        severity=Severity.WRONG_SETTINGS,
    )


def exec_failed(pid: int, path: str, error: OSError) -> Event:
    """HU-03; unlike the classic daemon we go on serving."""
    return Event(
        Kind.RELOAD_FAILED,
        f"pid {pid}: exec of {path} failed: {error.strerror}",
        streams=MAIN_AND_PANIC,
    )


def crashed(pid: int, trace: str) -> Event:
    """A mistake of ours ends the daemon; the last line of the traceback stands in the text."""
    last = trace.strip().rpartition("\n")[2]
    return Event(
        Kind.PROCESS_FAILED,
        f"pid {pid}: daemon failed: {last}",
        fields={"TRACEBACK": trace},
        streams=MAIN_AND_PANIC,
    )


def connected(caller: Endpoint, ends: str, id: str, *, count: int, shows_id: bool) -> Event:
    """CP-01; `ends` is that of HC-04, `count` includes this connection."""
    ci = f"Ci={id} " if shows_id else ""
    return Event(
        Kind.CONNECTION,
        f"SMTP connection from [{caller.address}]{ends} {ci}(TCP/IP connection count = {count})",
        fields=_client(caller) | {"SESSION_ID": id},
        selector="smtp_connection",
    )


def connected_here(caller: LocalCaller, id: str, *, count: int, shows_id: bool) -> Event:
    """CP-01 for a user of this machine; `count` includes this connection."""
    ci = f"Ci={id} " if shows_id else ""
    return Event(
        Kind.CONNECTION,
        f"SMTP connection from {caller} {ci}(local connection count = {count})",
        fields=_client(caller) | {"SESSION_ID": id},
        selector="smtp_connection",
    )


def listening(role: str, where: str) -> Event:
    """What a socket is for; by the name that its unit gave it, where systemd made it."""
    return Event(Kind.LISTENING, f"listener {role}: {where}", fields={"ROLE": role})


def backlog(waiting: int, local: Endpoint) -> Event:
    """N-24"""
    text = f"listen backlog {waiting} I={local}"
    return Event(Kind.BACKLOG, text, fields={"WAITING": str(waiting)})


def refused(caller: Endpoint | LocalCaller, ends: str, why: str) -> Event:
    """LM-01…04; `ends` is that of HC-04."""
    return Event(
        Kind.REFUSED,
        f"Connection from {_origin(caller)}{ends} refused: {why}",
        fields=_client(caller) | {"WHY": why},
        selector="connection_reject",
    )


def accept_failures(text: str, *, is_panic: bool) -> Event:
    """AE-03."""
    return Event(Kind.ACCEPT_FAILED, text, streams=MAIN_AND_PANIC if is_panic else MAIN)


def cannot_start(why: str) -> Event:
    return trouble(f"pymta cannot start: {why}", Kind.CANNOT_START)


def trouble(text: str, kind: Kind = Kind.TROUBLE) -> Event:
    """Anything that needs an operator; `kind` where he may want to have it apart."""
    return Event(kind, text, streams=MAIN_AND_PANIC)


def remark(text: str, kind: Kind = Kind.REMARK) -> Event:
    """Worth a line, no reason to get up: bind retries, the fallback to IPv4."""
    return Event(kind, text)


def certificate_renewed(text: str) -> Event:
    """N-23: without a reload; `text` says what it is for, and until when it is good."""
    return Event(Kind.CERTIFICATE_RENEWED, text)


def fork_failed(what: str, error: OSError, **fields: str) -> Event:
    """CP-02, QR-04: there can be no more processes; `fields` say for whom."""
    text = f"daemon: {what} failed: {error.strerror}"
    return Event(Kind.FORK_FAILED, text, fields=fields, streams=MAIN_AND_PANIC)


def not_born(text: str, caller: Endpoint | LocalCaller, kind: Kind, *, is_panic: bool) -> Event:
    """CP-02, HC-02: there was no process or no channel for the last of these callers."""
    streams = MAIN_AND_PANIC if is_panic else MAIN
    fields = _client(caller)
    fields.pop("CLIENT_PORT", None)
    return Event(kind, text, fields=fields, streams=streams)


def settings_unclear(caller: Endpoint, text: str) -> Event:
    """LM-03: a setting has nothing for this client that could be understood."""
    fields = _client(caller)
    return Event(Kind.WRONG_SETTING, text, fields=fields, streams=MAIN_AND_PANIC)


def not_allowed(uid: int, pid: int, untold: int) -> Event:
    """N-22: somebody on this machine asked for what he may not."""
    others = f", {untold} more since the last such line" if untold else ""
    return Event(
        Kind.NOT_ALLOWED,
        f"control socket: uid {uid} (process {pid}) is not allowed{others}",
        fields={"PEER_UID": str(uid), "PEER_PID": str(pid)},
    )


def notified(id: str) -> Event:
    """N-22, message 1; for one message, whose id stands before the text."""
    return Event(Kind.NOTIFIED, "notify triggered queue run", queue_id=id)


def child_crashed(job: str, pid: int, signal: str, client: str, uid: int = -1) -> Event:
    """CH-04: a worker that dies of a signal leaves a line; `uid` -1: no user of this machine."""
    serving = f" serving [{client}]" if client else f" serving uid {uid}" if uid >= 0 else ""
    whom = {"CLIENT": client} if client else {"PEER_UID": str(uid)} if uid >= 0 else {}
    return Event(
        Kind.PROCESS_FAILED,
        f"{job} process {pid}{serving} was killed by {signal}",
        fields={"CHILD_PID": str(pid)} | whom,
        streams=MAIN_AND_PANIC,
    )


def _origin(caller: Endpoint | LocalCaller) -> str:
    return str(caller) if isinstance(caller, LocalCaller) else f"[{caller.address}]"


def _client(caller: Endpoint | LocalCaller) -> dict[str, str]:
    if isinstance(caller, LocalCaller):
        return {"PEER_UID": str(caller.uid), "PEER_PID": str(caller.pid)}
    return {"CLIENT": str(caller.address), "CLIENT_PORT": str(caller.port)}
