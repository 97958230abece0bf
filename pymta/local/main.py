"""The helper process: who may ask, by which settings, and the socket on which it hears.

    python -P -m pymta.local.main UID SETTINGS

UID is the only user besides root who may ask, SETTINGS the settings file, "" for none.  The socket
comes as systemd hands one in; a daemon that root has started does it likewise, and holds the other
end of a pipe whose number is in PYMTA_LEASH: when that closes, we end.  Exit status:

    0   stopped as asked
    1   cannot start: not root, no socket, settings that cannot be used; one line says which
    70  a bug of ours: the line has the traceback

It runs as root, so what comes in is looked at as little as can be: who sends it, by SO_PEERCRED,
and a packet of a fixed form.  SIGHUP reads the settings again; wrong ones change nothing.

Touches: processes, sockets, environment, disk.
"""

from __future__ import annotations

import os
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sdnotify import SystemdNotifier

from pymta.accounts.account import ROOT
from pymta.channel import heap
from pymta.channel.life import BUG
from pymta.config.deliver import Deliver
from pymta.journal import local_events
from pymta.journal.event import Event
from pymta.journal.journald import JournalSink
from pymta.journal.lost import Lost
from pymta.journal.sinks import Row
from pymta.journal.stderr import StderrSink, is_journal_stream
from pymta.local import root_settings
from pymta.local.desk import Desk
from pymta.local.rehearsal import rehearse
from pymta.local.root_settings import RefusedError

CANNOT_START = 1
SOCKET = 3  # the first that sd_listen_fds(3) hands in
LEASH = "PYMTA_LEASH"
ZONE = "TZ"  # see tzset(3)
ROUNDS = 20  # of a rehearsal: Python takes pains with code that has run some eight times
_HANDED_IN = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")

Tell = Callable[[Event], object]
Read = Callable[[], Deliver]


class CannotStartError(Exception):
    """The argument is the line that says why."""


def main(arguments: Sequence[str]) -> int:
    log = _log()
    tell = log.write
    peer, file = int(arguments[0]), arguments[1]
    read = partial(root_settings.read, Path(file)) if file else Deliver
    try:
        _serve(peer, read, tell)
    except (CannotStartError, RefusedError) as error:
        tell(local_events.cannot_start(str(error)))
        return CANNOT_START
    except Exception:  # noqa: BLE001 - our own fault: told once, and the service manager starts anew
        tell(local_events.crashed(traceback.format_exc()))
        return BUG
    finally:
        log.close()
    return 0


def _log() -> Row:
    """As every process of a unit has it; without one, standard error."""
    to_journald = is_journal_stream(2, os.environ)
    stderr = StderrSink(2, with_priority=to_journald)
    return Row([JournalSink(GENERATION="0"), stderr] if to_journald else [stderr], Lost())


def _serve(peer: int, read: Read, tell: Tell) -> None:
    if os.geteuid() != ROOT:
        raise CannotStartError("it must be root, to become the user whose mail it stores")
    os.umask(0o077)
    os.chdir("/")
    settings = read()
    listener = _listener()
    leash = int(os.environ.pop(LEASH, "-1"))
    manager = SystemdNotifier()
    _forget_environment()
    heap.gather(partial(rehearse, settings), ROUNDS)
    desk = Desk(listener, settings, tell, peer=peer, again=_again(read, tell), leash=leash)
    tell(local_events.started(os.getpid(), peer, settings.local_uid_min))
    manager.notify("READY=1")
    heap.freeze()
    desk.run()
    manager.notify("STOPPING=1")
    tell(local_events.stopped(os.getpid()))


def _again(read: Read, tell: Tell) -> Callable[[Deliver], Deliver]:
    """Reads the settings once more; gives the former ones when the new are wrong."""

    def again(former: Deliver) -> Deliver:
        try:
            fresh = read()
        except RefusedError as error:
            tell(local_events.settings_refused(str(error)))
            return former
        tell(local_events.settings_read(os.getpid(), fresh.local_uid_min))
        return fresh

    return again


def _listener() -> socket.socket:
    """The one socket that was handed in.  Raises CannotStartError."""
    number, pid = (os.environ.get(name, "") for name in _HANDED_IN[:2])
    for name in _HANDED_IN:  # no child is to take them for its own
        os.environ.pop(name, None)
    if (number, pid) != ("1", str(os.getpid())):
        raise CannotStartError("want one socket from systemd: start pymta-deliver.socket")
    try:
        sock = socket.socket(fileno=SOCKET)
    except OSError as error:
        raise CannotStartError(f"descriptor {SOCKET} is no socket: {error.strerror}") from error
    listens = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if sock.family != socket.AF_UNIX or sock.type != socket.SOCK_SEQPACKET or not listens:
        raise CannotStartError("want a listening AF_UNIX socket of type SOCK_SEQPACKET")
    os.set_inheritable(SOCKET, False)
    return sock


def _forget_environment() -> None:
    """No child is to have it, and so each would take it apart; our log is in the zone it names."""
    for name in os.environ.keys() - {ZONE}:
        del os.environ[name]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
