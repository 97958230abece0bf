"""What the units of pymta promise, in the words of ``systemctl show``.

A test holds these equal to the units that we ship.  A drop-in may break any of them on purpose, so
most are notes; a fault is what loses sessions or mail.
"""

from __future__ import annotations

from pymta.dataclass import dataclass

DAEMON = "pymta.service"
SELFBOUND = "pymta-selfbound.service"
QUEUE_RUN = "pymta-queue.service"
TIDY = "pymta-tidy.service"
HELPER = "pymta-deliver.service"
SERVICES = (DAEMON, SELFBOUND, QUEUE_RUN, TIDY, HELPER)

SMTP_SOCKET = "pymta.socket"
SOCKETS = (
    SMTP_SOCKET,
    "pymta-submission.socket",
    "pymta-submissions.socket",
    "pymta-local.socket",
)
HELPER_SOCKET = "pymta-deliver.socket"
QUEUE_TIMER = "pymta-queue.timer"
TIDY_TIMER = "pymta-tidy.timer"
UNITS = (*SERVICES, *SOCKETS, HELPER_SOCKET, QUEUE_TIMER, TIDY_TIMER)


@dataclass(frozen=True, slots=True)
class Promise:
    """`why` is what happens when `name` says something else than `value`."""

    name: str
    value: str
    why: str
    is_vital: bool = False


KEEPS_MAIL = (
    Promise("KillMode", "mixed", "a stop would cut sessions and deliveries off", is_vital=True),
    Promise(
        "RuntimeDirectoryPreserve",
        "yes",
        "the end of one unit would take the sockets of the others away",
        is_vital=True,
    ),
    Promise("OOMPolicy", "continue", "one process too large would end all the others"),
    Promise("StartLimitIntervalUSec", "0", "a few quick restarts would keep it down for good"),
)

_WALL = "a process that was taken over could do more than it needs"
WALLS = tuple(
    Promise(name, value, _WALL)
    for name, value in (
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("ProtectClock", "yes"),
        ("ProtectControlGroups", "yes"),
        ("ProtectHostname", "yes"),
        ("ProtectKernelLogs", "yes"),
        ("ProtectKernelModules", "yes"),
        ("ProtectKernelTunables", "yes"),
        ("ProtectProc", "invisible"),
        ("ProcSubset", "pid"),
        ("RestrictRealtime", "yes"),
        ("RestrictSUIDSGID", "yes"),
        ("LockPersonality", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("KeyringMode", "private"),
        ("DevicePolicy", "closed"),
    )
)
WALLED = (DAEMON, SELFBOUND, QUEUE_RUN)  # units that have all of these
LASTING = (DAEMON, SELFBOUND)  # units that keep sessions
