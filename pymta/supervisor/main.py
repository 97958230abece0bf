"""The supervisor process: from settings to the last farewell.

    python -P -m pymta.supervisor.main GENERATION

GENERATION is the file of validated settings that `pymta daemon` or `pymta serve` has just written,
or that a reload has put in its place.  Exit status:

    0   stopped as asked
    1   cannot start: a port, a directory or a handed-in socket; one line says which
    70  a bug of ours: the traceback is on standard error

Touches: processes, sockets, disk, environment.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from pymta import __version__
from pymta.config import generation
from pymta.config.settings import Settings
from pymta.journal import daemon_events
from pymta.journal.log import Log, open_log
from pymta.spool.files import FileSpool
from pymta.supervisor import announce, control, handover
from pymta.supervisor.children import Children
from pymta.supervisor.deliveries import Deliveries
from pymta.supervisor.dispatch import Dispatch
from pymta.supervisor.find_listeners import CannotStartError, find_listeners
from pymta.supervisor.handover import Handover
from pymta.supervisor.loop import Loop
from pymta.supervisor.notify import Notify
from pymta.supervisor.reception import Reception
from pymta.supervisor.workplace import Workplace

CANNOT_START = 1


def main(arguments: Sequence[str]) -> int:
    current = Path(arguments[0])
    settings = generation.load(current)
    log = open_log(settings)
    notify = Notify()
    try:
        table = handover.take()
        place = _move_in(settings, current, table, notify, log)
    except (CannotStartError, OSError) as error:
        log.write(daemon_events.trouble(f"pymta cannot start: {error}"))
        log.close()
        return CANNOT_START
    _announce(place, table)
    loop = Loop(place)
    if table:
        loop.take_over(table)
    _settle_heap()
    loop.run()
    control.remove(Path(settings.machine.runtime_directory))
    log.write(daemon_events.stopped(os.getpid(), cut_off=place.cut_off))
    log.close()
    return 0


def _move_in(
    settings: Settings, current: Path, table: Handover | None, notify: Notify, log: Log
) -> Workplace:
    """Everything that can fail at a start."""
    os.umask(0o077)
    _raise_descriptor_limit()
    listeners, by_systemd = find_listeners(settings, table, notify, log)
    children = Children()
    spool = _spool(settings, log)
    return Workplace(
        settings,
        current,
        children,
        Reception(listeners, children, settings, spool, log),
        Deliveries(Dispatch(settings.queue.deliver_max), children, settings, log),
        _control(settings, table),
        notify,
        log,
        by_systemd,
    )


def _spool(settings: Settings, log: Log) -> FileSpool:
    """The spool, tried once: a directory that cannot be written is an error of this start.

    Closed again, so that no child inherits descriptors that it would not keep.
    """
    spool = FileSpool(Path(settings.machine.state_directory, "spool"), tell=log.write)
    spool.reserve()
    spool.close()
    return spool


def _control(settings: Settings, table: Handover | None) -> socket.socket:
    if table and table.control >= 0:
        sock = socket.socket(fileno=table.control)
        sock.setblocking(False)
        return sock
    directory = Path(settings.machine.runtime_directory)
    try:
        return control.listen(directory)
    except control.AlreadyServedError as error:
        raise CannotStartError(str(error)) from error
    except OSError as error:
        raise CannotStartError(f"{directory / control.NAME}: {error.strerror}") from error


def _announce(place: Workplace, table: Handover | None) -> None:
    """SL-01, and in a terminal how to go on from here."""
    listeners, settings = place.reception.listeners, place.settings
    text = (
        f"pymta {__version__} daemon started: pid={os.getpid()},"
        f" {announce.queue_info(settings.queue.queue_run_interval)},"
        f" listening for {announce.listening(listeners)}"
    )
    if place.by_systemd:
        text += " (socket activation)"
    event = daemon_events.started(text, pid=os.getpid(), generation=settings.generation)
    place.log.write(event)
    if settings.machine.in_terminal and not table:
        sys.stdout.write(announce.welcome(listeners, settings) + "\n")
        sys.stdout.flush()


def _raise_descriptor_limit() -> None:
    """As many descriptors as we may have: each session costs one (ST-09)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _settle_heap() -> None:
    """What lives now lives on in every child: keep the collector from writing to it."""
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
