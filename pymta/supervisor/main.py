"""The supervisor process: from settings to the last farewell.

    python -P -m pymta.supervisor.main GENERATION

GENERATION is the file of validated settings that `pymta daemon` or `pymta serve` has just written,
or that a reload has put in its place.  Exit status:

    0   stopped as asked
    1   cannot start: settings, port, directory, account or handed-in socket; one line says which
    70  a bug of ours: the log has the traceback

Touches: processes, sockets, disk, environment, clock.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pymta import __version__
from pymta.channel import heap
from pymta.channel.life import BUG
from pymta.config import generation, zone
from pymta.config.generation import GenerationError
from pymta.config.launch import pid_file
from pymta.config.settings import Settings
from pymta.journal import daemon_events
from pymta.journal.debug import Debug
from pymta.journal.log import Log, open_log
from pymta.load.gauge import blind
from pymta.spool.files import FileSpool
from pymta.supervisor import (
    announce,
    birth,
    control,
    debug_lines,
    deliver_helper,
    enough,
    handover,
    local_socket,
    pidfile,
    process_limits,
    signals,
    sole,
    survivors,
)
from pymta.supervisor.allowed import allowed
from pymta.supervisor.birth import Birth
from pymta.supervisor.certificate import find_certificate, watch
from pymta.supervisor.children import Children
from pymta.supervisor.deliveries import Deliveries
from pymta.supervisor.dispatch import Dispatch
from pymta.supervisor.entrance import Entrance
from pymta.supervisor.find_control import find_control, find_door
from pymta.supervisor.find_listeners import CannotStartError, find_listeners
from pymta.supervisor.fork import Sessions, rehearse
from pymta.supervisor.handover import Handover, UnknownVersionError
from pymta.supervisor.loop import Loop
from pymta.supervisor.notify import Notify
from pymta.supervisor.privilege import CannotChangeUserError, Privilege, decide
from pymta.supervisor.reception import Reception
from pymta.supervisor.workplace import Workplace

CANNOT_START = 1
ROUNDS = 20  # of a rehearsal: Python takes pains with code that has run some eight times


def main(arguments: Sequence[str]) -> int:
    current = Path(arguments[0])
    born = birth.take()
    try:
        settings = born.settings or generation.load(current)
    except (OSError, GenerationError) as error:  # there is no log yet
        sys.stderr.write(f"pymta cannot start: {error}\n")
        born.failed(f"pymta cannot start: {error}")
        return CANNOT_START
    zone.adopt(settings.journal.timezone)
    log = open_log(settings)
    try:
        return _live(settings, current, born, log)
    except Exception:  # noqa: BLE001 - our own fault: told once, and the service manager starts anew
        log.write(daemon_events.crashed(os.getpid(), traceback.format_exc()))
        log.close()
        if settings.process.panic_coredump:
            os.abort()
        return BUG


def _live(settings: Settings, current: Path, born: Birth, log: Log) -> int:
    notify = Notify()
    signals.block_reload()
    try:
        table = _table(log)
        place = _start(settings, current, table, notify, log)
    except (CannotStartError, CannotChangeUserError, OSError) as error:
        log.write(daemon_events.cannot_start(str(error)))
        log.close()
        born.failed(f"pymta cannot start: {error}")
        return CANNOT_START
    heap.gather(partial(rehearse, place.reception.sessions), ROUNDS)
    loop = Loop(place)
    if table:
        loop.take_over(table)
    _announce(place, table)
    heap.freeze()
    born.serves()
    loop.run()
    _leave(place)
    return 0


def _table(log: Log) -> Handover | None:
    try:
        table = handover.take()
        log.inherit(table.log if table else ())
    except UnknownVersionError as error:
        table = survivors.find(error.roles, by_systemd=error.by_systemd)
        log.write(daemon_events.survivors(str(error), len(table.children)))
    return table


def _start(
    settings: Settings, current: Path, table: Handover | None, notify: Notify, log: Log
) -> Workplace:
    """Everything that can fail, and what needs root, in the order of PV-01."""
    launch = settings.launch
    privilege = Privilege(decide(os.geteuid(), launch.uid, launch.gid))
    _arrange_process(settings, privilege, log)
    place = _move_in(settings, current, table, notify=notify, log=log, privilege=privilege)
    if table is None and deliver_helper.is_wanted(settings):
        place.leash = deliver_helper.start(settings)
    signals.block()  # from the pid file on, whoever sends one means it for the loop
    with privilege.root():
        trouble = _write_pid(settings)
    privilege.drop()
    if trouble:
        log.write(daemon_events.remark(f"pid file not written: {trouble}"))
    for line in enough.shortfalls(settings, allowed()):
        log.write(daemon_events.remark(line))
    if log.debug:
        _debug_start(settings, log.debug, has_pid_file=not trouble)
    return place


def _debug_start(settings: Settings, debug: Debug, *, has_pid_file: bool) -> None:
    if has_pid_file and (path := _pid_file(settings)):
        debug(f"pid written to {path}")
    uid, gid, euid, egid = os.getuid(), os.getgid(), os.geteuid(), os.getegid()
    debug(f"daemon running with uid={uid} gid={gid} euid={euid} egid={egid}")


def _arrange_process(settings: Settings, privilege: Privilege, log: Log) -> None:
    """ST-09, with a umask that trusts nobody: not every library states its modes."""
    os.umask(0o077)
    os.chdir(settings.machine.state_directory)
    trouble = process_limits.raise_limits(privilege.root, is_root=os.getuid() == 0)
    if trouble:
        log.write(daemon_events.trouble(trouble))


def _move_in(
    settings: Settings,
    current: Path,
    table: Handover | None,
    *,
    notify: Notify,
    log: Log,
    privilege: Privilege,
) -> Workplace:
    _be_alone(settings, log, is_renewed=table is not None)
    if log.debug:
        for line in debug_lines.overridden(settings.launch):
            log.debug(line)
    listeners = find_listeners(settings, table, notify, log, privilege.root)
    watched = watch(settings.tls)
    certificate = find_certificate(settings, table, listeners.network, privilege.root, log)
    shown = certificate.shown if certificate else None
    children, sessions = Children(), Sessions(settings, _spool(settings, log), log, shown)
    sessions.watched = watched
    entrance = Entrance(listeners.network, settings, log, local=listeners.local)
    return Workplace(
        settings,
        current,
        children,
        Reception(entrance, children, settings, sessions, log),
        Deliveries(
            Dispatch(settings.queue.deliver_max, settings.queue.destination_concurrency),
            children,
            settings,
            log,
        ),
        find_control(settings, table),
        find_door(settings),
        notify,
        log,
        by_systemd=listeners.by_systemd,
        certificate=certificate,
        own_local=() if listeners.by_systemd else listeners.local,
        keeps_listeners=bool(table and table.keeps_listeners),
        leash=table.leash if table else -1,
        began=table.began if table and table.began else time.monotonic(),
    )


def _be_alone(settings: Settings, log: Log, *, is_renewed: bool) -> None:
    """A daemon that serves already goes on, whoever came between its two images."""
    state = settings.machine.state_directory
    if sole.take(state):
        return
    text = f"another pymta daemon, process {sole.holder(state)}, serves {state}"
    if not is_renewed:
        raise CannotStartError(text)
    log.write(daemon_events.trouble(text))


def _pid_file(settings: Settings) -> str:
    configured, state = settings.process.pid_file_path, settings.machine.state_directory
    return pid_file(settings.launch, configured, state)


def _write_pid(settings: Settings) -> str:
    path = _pid_file(settings)
    return pidfile.write(Path(path), os.getpid()) if path else ""


def _leave(place: Workplace) -> None:
    """The last of us: no file says any more that we are here (BG-06)."""
    settings = place.settings
    if place.control:
        control.remove(Path(settings.machine.runtime_directory))
    for listener in place.own_local:
        local_socket.remove(listener)
    if path := _pid_file(settings):
        pidfile.remove(Path(path), os.getpid())
    place.log.write(daemon_events.stopped(os.getpid(), cut_off=place.cut_off))
    place.log.close()


def _spool(settings: Settings, log: Log) -> FileSpool:
    """The spool, tried once: a directory that cannot be written is an error of this start.

    Closed again, so that no child inherits descriptors that it would not keep.
    """
    spool = FileSpool(Path(settings.machine.state_directory, "spool"), tell=log.write)
    spool.reserve()
    spool.close()
    return spool


def _announce(place: Workplace, table: Handover | None) -> None:
    """SL-01, and in a terminal how to go on from here."""
    entrance, settings = place.reception.entrance, place.settings
    listeners, local = entrance.listeners, entrance.local
    pid = os.getpid()
    launch = settings.launch
    place.log.write(daemon_events.arguments(launch.directory, launch.command))
    for line in settings.changes.lines:
        place.log.write(daemon_events.settings_changed(line, settings.changes))
    if place.by_systemd:  # the names of units say what is what; of our own the next line says it
        for role, where in announce.roles(listeners, local).items():
            place.log.write(daemon_events.listening(role, where))
    text = announce.started(
        *(__version__, pid, listeners, settings), by_systemd=place.by_systemd, local=local
    )
    place.log.write(daemon_events.started(text, pid=pid, version=__version__))
    if settings.routing.local_users and not Path(settings.machine.deliver_socket).exists():
        place.log.write(daemon_events.no_helper(settings.machine.deliver_socket))
    for line in blind(settings):
        place.log.write(daemon_events.remark(line))
    if settings.machine.in_terminal and not table:
        welcome = announce.welcome(listeners, settings) + "\n"
        with contextlib.suppress(OSError):  # nobody reads it: no reason not to serve
            os.write(1, welcome.encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
