"""Everything once: ask each side of the host, and say what was found.

Touches: disk, processes, sockets, clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from pymta import __version__
from pymta.config.settings import Machine, Settings
from pymta.doctor import (
    certificate,
    configured,
    daemon,
    logins,
    machine,
    process,
    storage,
    units,
)
from pymta.doctor.as_owner import Become
from pymta.doctor.ask_files import ask_certificates, ask_settings, ask_storage
from pymta.doctor.ask_kernel import ask_process
from pymta.doctor.ask_logins import ask_logins
from pymta.doctor.ask_machine import ask_machine
from pymta.doctor.ask_systemd import ask_units, has_systemd
from pymta.doctor.daemon import Asked, Program
from pymta.doctor.finding import Finding, in_order, note
from pymta.doctor.promises import DAEMON, SMTP_SOCKET
from pymta.doctor.units import Unit, Units, the_service


def examine(
    asked: Asked, place: Machine, *, is_of_host: bool, become: Become
) -> tuple[Finding, ...]:
    """`asked` is what the daemon of `place` has answered; `become` makes another user of us.

    `is_of_host`: it is the one that the units are for, and not one beside it.
    """
    found = ask_units() if is_of_host and has_systemd() else None
    return in_order(_examine(asked, place, found, become))


def _examine(
    asked: Asked, place: Machine, found: Units | str | None, become: Become
) -> Iterator[Finding]:
    shown: Units = found if isinstance(found, dict) else {}
    files = ask_settings(place)
    settings = files.settings
    service = the_service(shown) if shown else None
    pid = _pid(asked, service)
    yield from configured.findings(files)
    if isinstance(found, str):
        yield note("not-seen", "systemd", f"does not tell of its units: {found}", "as root it may")
    elif found is not None:
        yield from units.findings(shown, settings, daemon.roles(asked))
    yield from daemon.findings(asked, _program(asked), should_run=bool(pid))
    if running := ask_process(pid) if pid else None:
        yield from process.findings(running, service, settings)
    yield from _files(settings, service, pid, become)
    yield from logins.shut_out(daemon.roles(asked) or frozenset(), settings)
    yield from machine.findings(ask_machine(settings, is_ours=_is_ours(pid, shown)), settings)


def _files(settings: Settings, service: Unit | None, pid: int, become: Become) -> Iterator[Finding]:
    now = time.time()
    if settings.tls.tls_certificate:
        unit = service.name if service else DAEMON
        for found in ask_certificates(settings.tls, unit):
            yield from certificate.findings(found, now, unit)
    yield from logins.findings(ask_logins(settings))
    yield from storage.findings(ask_storage(settings, pid, become), settings.limits, now)


def _pid(asked: Asked, service: Unit | None) -> int:
    """Of the running daemon, 0 when there is none."""
    if asked.report:
        return int(asked.report["pid"])
    return service.main_pid if service else 0


def _program(asked: Asked) -> Program:
    theirs = asked.report.get("program", "") if asked.report else ""
    return Program(__version__, is_theirs_there=not theirs or _is_there(theirs))


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # where we may not look, we do not judge
        return os.geteuid() != 0


def _is_ours(pid: int, shown: Units) -> bool:
    socket = shown.get(SMTP_SOCKET)
    return bool(pid or (socket and socket.is_active))
