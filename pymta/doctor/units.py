"""The units: as promised, running, enabled, and the same on disk as in systemd's memory?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field

from pymta.config.duration import format_duration
from pymta.config.periodic import periodic_runs
from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.doctor.finding import Finding, fault, note
from pymta.doctor.promises import (
    DAEMON,
    HELPER_SOCKET,
    KEEPS_MAIL,
    LASTING,
    QUEUE_TIMER,
    SELFBOUND,
    SERVICES,
    SMTP_SOCKET,
    SOCKETS,
    TIDY_TIMER,
    WALLED,
    WALLS,
    Promise,
)
from pymta.mail.envelope import DEFAULT_QUEUE

_SPAN = re.compile(r"([0-9.]+)\s*([a-z]+)")
_SECONDS = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86_400.0,
    "w": 604_800.0,
    "month": 2_629_800.0,
    "y": 31_557_600.0,
}


@dataclass(frozen=True, slots=True)
class Unit:
    """What ``systemctl show`` says of one; what it does not say is ""."""

    name: str
    properties: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.properties.get(name, "")

    @property
    def is_loaded(self) -> bool:
        return self["LoadState"] == "loaded"

    @property
    def is_active(self) -> bool:
        return self["ActiveState"] in {"active", "reloading"}

    @property
    def is_enabled(self) -> bool:
        return self["UnitFileState"].startswith("enabled")

    @property
    def main_pid(self) -> int:
        return int(self["MainPID"] or 0)

    @property
    def files(self) -> str:
        """Where a line of it may stand that is not ours."""
        return self["DropInPaths"] or self["FragmentPath"]


Units = Mapping[str, Unit]


def the_service(units: Units) -> Unit:
    """That of the daemon: the one that runs, else that is enabled, else the usual one."""
    both = [units.get(name, Unit(name)) for name in (DAEMON, SELFBOUND)]
    running = (unit for unit in both if unit.is_active)
    enabled = (unit for unit in both if unit.is_enabled)
    return next(running, next(enabled, both[0]))


def findings(units: Units, settings: Settings, roles: frozenset[str] | None) -> Iterator[Finding]:
    """`roles` are those of the listeners of the running daemon, None when none has answered."""
    if not any(unit.is_loaded for unit in units.values()):
        if roles is not None:  # it was started otherwise, and wants none
            return
        yield note("units-missing", "systemd", "no unit of pymta is installed")
        return
    for unit in units.values():
        yield from _unit(unit)
    for name in LASTING:
        if name in units and units[name].is_loaded:
            yield from _stop(units[name], settings.queue.shutdown_grace)
    yield from _service(units, is_served=roles is not None)
    yield from _sockets(units, roles)
    yield from _timers(units, settings)
    if settings.routing.local_users and _is_down(units, HELPER_SOCKET):
        yield fault(
            "helper-down",
            HELPER_SOCKET,
            "is not active, and local_users = true has it deliver to system users",
            f"systemctl enable --now {HELPER_SOCKET}",
        )


def _unit(unit: Unit) -> Iterator[Finding]:
    if unit["LoadState"] in {"error", "bad-setting"}:
        yield fault(
            "unit-unusable",
            unit.name,
            f"systemd cannot use it ({unit['LoadState']}), and will not start it",
            f"systemd-analyze verify {unit.name}",
        )
    if unit["NeedDaemonReload"] == "yes":
        yield fault(
            "daemon-reload",
            unit.name,
            "has changed on disk, and systemd still goes by what it was",
            "systemctl daemon-reload",
        )
    if unit["ActiveState"] == "failed":
        yield fault(
            "unit-failed",
            unit.name,
            f"has failed ({unit['Result']})",
            f"journalctl -u {unit.name} -n 20 says why; systemctl restart {unit.name}",
        )
    if unit.is_loaded and unit.name in LASTING:
        yield from _broken(unit, KEEPS_MAIL)
    if unit.is_loaded and unit.name in WALLED:
        yield from _broken(unit, WALLS)


def _broken(unit: Unit, promises: tuple[Promise, ...]) -> Iterator[Finding]:
    for promise in promises:
        found = unit[promise.name]
        if not found or found == promise.value:  # an older systemd does not know all of them
            continue
        name = promise.name.replace("USec", "Sec")
        yield (fault if promise.is_vital else note)(
            "unit-vital" if promise.is_vital else "unit-loosened",
            unit.name,
            f"has {name}={found}, and {name}={promise.value} is what it comes with: {promise.why}",
            f"look for {name}= in {unit.files}",
        )


def _stop(unit: Unit, grace: int) -> Iterator[Finding]:
    limit = span(unit["TimeoutStopUSec"])
    if limit is None or limit > grace:
        return
    yield fault(
        "stop-too-short",
        unit.name,
        f"has TimeoutStopSec={unit['TimeoutStopUSec']}, and shutdown_grace ="
        f' "{format_duration(grace)}" lets sessions finish: they would be killed before',
        f"systemctl edit {unit.name}, [Service] TimeoutStopSec={grace + 30}s",
    )


def _service(units: Units, *, is_served: bool) -> Iterator[Finding]:
    service, socket = the_service(units), units.get(SMTP_SOCKET, Unit(SMTP_SOCKET))
    if service["ActiveState"] == "failed":
        return
    if not service.is_active and not socket.is_active and not is_served:
        yield fault(
            "down",
            service.name,
            "neither it nor its socket is active: nobody takes mail here",
            f"systemctl enable --now {SMTP_SOCKET} {DAEMON} {QUEUE_TIMER} {TIDY_TIMER}",
        )
    elif service.is_active and not service.is_enabled:
        yield note(
            "not-enabled",
            service.name,
            "is active and not enabled: it does not come back by itself after a boot",
            f"systemctl enable {service.name}",
        )


def _sockets(units: Units, roles: frozenset[str] | None) -> Iterator[Finding]:
    if the_service(units).name == SELFBOUND:
        return
    for unit in (units[name] for name in SOCKETS if name in units):
        if unit.is_enabled and not unit.is_active:
            yield fault(
                "socket-down",
                unit.name,
                "is enabled and does not listen",
                f"systemctl restart {DAEMON}, and journalctl -u {unit.name} if that is not enough",
            )
        role = unit["FileDescriptorName"]
        if unit.is_active and roles is not None and role and role not in roles:
            yield fault(
                "socket-unserved",
                unit.name,
                "listens, and the daemon that runs has not got it: callers wait in vain",
                f"systemctl restart {DAEMON}",
            )


def _timers(units: Units, settings: Settings) -> Iterator[Finding]:
    runs = [word for word in periodic_runs(settings) if word.queue == DEFAULT_QUEUE]
    if _is_down(units, QUEUE_TIMER) and not runs:
        yield fault(
            "no-queue-runs",
            QUEUE_TIMER,
            f'is not active, and queue_run is "{settings.queue.queue_run}": nothing is ever tried'
            " again",
            f"systemctl enable --now {QUEUE_TIMER}",
        )
    elif _is_down(units, QUEUE_TIMER) and all(word.stands_in for word in runs):
        yield note(
            "no-queue-timer",
            QUEUE_TIMER,
            "is not active: the daemon stands in for it, with longer pauses",
            f'systemctl enable --now {QUEUE_TIMER}, or queue_run = "internal"',
        )
    elif QUEUE_TIMER in units and units[QUEUE_TIMER].is_active:
        yield from _not_enabled(units[QUEUE_TIMER])
    if _is_down(units, TIDY_TIMER):
        yield note(
            "not-tidied",
            TIDY_TIMER,
            "is not active: what stopped processes leave behind stays",
            f"systemctl enable --now {TIDY_TIMER}",
        )


def _not_enabled(unit: Unit) -> Iterator[Finding]:
    if not unit.is_enabled:
        yield note(
            "not-enabled",
            unit.name,
            "is active and not enabled: it does not come back by itself after a boot",
            f"systemctl enable {unit.name}",
        )


def _is_down(units: Units, name: str) -> bool:
    return name in units and not units[name].is_active and units[name]["ActiveState"] != "failed"


def span(text: str) -> float | None:
    """Seconds of ``1min 30s``; None when there is no limit, or none that we can read."""
    parts = _SPAN.findall(text)
    if not parts or any(unit not in _SECONDS for _, unit in parts):
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def services(units: Units) -> Iterator[Unit]:
    return (units[name] for name in SERVICES if name in units)
