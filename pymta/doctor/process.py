"""Has the running daemon what its unit promises, and what the settings need?

systemd leaves out silently what a kernel or a container does not offer; so what counts is what the
kernel says of the process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.doctor.finding import Finding, fault, note
from pymta.doctor.units import Unit
from pymta.supervisor.enough import Allowed, missing

_CAPABILITIES = {"cap_setgid": 6, "cap_setuid": 7, "cap_net_bind_service": 10}  # capability.h
_FILTERED = 2  # Seccomp: in /proc/PID/status
READ_ONLY = ("/usr", "/etc")  # where ProtectSystem=strict leaves nothing to be written


@dataclass(frozen=True, slots=True)
class Process:
    """The supervisor.  `status` are lines of /proc/PID/status by name; None: may not be seen.

    `writable` are those of READ_ONLY that it could write to, for all that mounts say of it.
    """

    pid: int
    status: Mapping[str, str] = field(default_factory=dict)
    allowed: Allowed = field(default_factory=lambda: Allowed(None, None))
    has_task_limit: bool = True
    writable: tuple[str, ...] | None = ()
    oom_score_adj: int | None = 0


def findings(process: Process, unit: Unit | None, settings: Settings) -> Iterator[Finding]:
    """`unit` is that of the daemon, None when there is none; it may have been started otherwise."""
    unit = unit if unit and unit.main_pid == process.pid else None
    where = unit.name if unit else f"process {process.pid}"
    for short in missing(settings, process.allowed):
        edit = f"systemctl edit {unit.name}, [Service] " if unit else ""
        yield fault("limit", where, short.text, f"{edit}{short.setting}{short.wanted}")
    if process.oom_score_adj == -1000:
        text = "the kernel may not end it when memory is short, nor any child of it"
        yield note("oom", where, text, "look for OOMScoreAdjust=")
    if unit:
        yield from _against_unit(process, unit)
    elif process.status.get("Uid", "1").split()[0] == "0":
        yield fault("root", where, "the daemon runs as root", "set pymta_user")


def _against_unit(process: Process, unit: Unit) -> Iterator[Finding]:
    for missing_one in _differences(process, unit):
        yield fault(
            "not-as-promised",
            unit.name,
            f"process {process.pid} {missing_one}",
            f"systemctl restart {unit.name}; if that does not help, this host cannot do it",
        )
    if unit["TasksMax"].isdigit() and not process.has_task_limit:
        yield note(
            "tasks-unlimited",
            unit.name,
            f"has TasksMax={unit['TasksMax']}, and no control group of this host limits processes",
        )


def _differences(process: Process, unit: Unit) -> Iterator[str]:
    status, files = process.status, process.allowed.files
    if status.get("NoNewPrivs") == "0" and unit["NoNewPrivileges"] == "yes":
        yield "could gain privileges, against NoNewPrivileges=yes"
    if status.get("Seccomp", "") not in {"", str(_FILTERED)} and unit["SystemCallFilter"]:
        yield "may use every system call, against SystemCallFilter="
    more = _capabilities(status.get("CapEff", "0"), unit["CapabilityBoundingSet"])
    if more:
        yield f"has capabilities {more:#x} beyond CapabilityBoundingSet="
    promised = unit["LimitNOFILE"]
    if promised.isdigit() and files is not None and files < int(promised):
        yield f"may have {files} open files, against LimitNOFILE={promised}"
    if unit["ProtectSystem"] == "strict" and process.writable:
        yield f"could write to {' and '.join(process.writable)}, against ProtectSystem=strict"


def _capabilities(effective: str, bounding: str) -> int:
    """Those that the unit does not allow; 0 as well when it allows unusual ones."""
    names = bounding.split()
    if any(name not in _CAPABILITIES for name in names):
        return 0
    allowed = sum(1 << _CAPABILITIES[name] for name in names)
    return int(effective, 16) & ~allowed
