"""What the supervisor says while somebody watches, in the classic words (DB-01, N-37)."""

from __future__ import annotations

from pymta.config.launch import Launch
from pymta.supervisor.listen_plan import ListenAt


def overridden(launch: Launch) -> list[str]:
    """-oX, with its items as a list."""
    said = {"daemon_smtp_port": launch.ports, "local_interfaces": launch.interfaces}
    return [
        line
        for name, items in said.items()
        if items
        for line in (f"{name} overridden by -oX:", f"  <; {' ; '.join(items)}")
    ]


def listening(at: ListenAt) -> str:
    if at.is_wildcard:
        return f"listening on all interfaces (IPv{6 if at.is_ipv6 else 4}) port {at.port}"
    return f"listening on {at.address} port {at.port}"


def covered(step: str) -> str:
    """BL-07, BL-08; `step` is bind or listen."""
    return f"wildcard IPv4 {step}() failed after IPv6 listen() success; EADDRINUSE ignored"


def sessions(count: int, *, now: bool = False) -> str:
    """`now`: one has ended."""
    return _running(count, "SMTP accept", now=now)


def queue_runs(count: int, *, now: bool = False) -> str:
    return _running(count, "queue-runner", now=now)


def ended(pid: int, status: int) -> tuple[str, str]:
    """`status` as waitpid gives it: seven bits of signal, one for a core, then eight of exit."""
    signal, has_core = status & 0x7F, status & 0x80
    if signal:
        how = f"signal exit, signal {signal}{' (core dumped)' if has_core else ''}"
    else:
        how = f"normal exit, {status >> 8}"
    return f"child {pid} ended: status=0x{status:x}", f"  {how}"


def _running(count: int, what: str, *, now: bool) -> str:
    plural = "" if count == 1 else "es"
    return f"{count} {what} process{plural} {'now ' if now else ''}running"
