"""Where the control socket comes from, and who may use it (N-22).

Touches: sockets, disk, accounts.
"""

from __future__ import annotations

import os
import pwd
import socket
from pathlib import Path

from pymta.channel.control import NAME
from pymta.config.launch import has_control_socket
from pymta.config.rights import Rights, who_may
from pymta.config.settings import Settings
from pymta.supervisor import control
from pymta.supervisor.desk import Door
from pymta.supervisor.find_listeners import CannotStartError
from pymta.supervisor.handover import Handover


def find_control(settings: Settings, table: Handover | None) -> socket.socket | None:
    """The one that is open already, a new one, or none.  Raises CannotStartError."""
    directory = Path(settings.machine.runtime_directory)
    wanted = has_control_socket(settings.launch, settings.control.notifier_socket)
    if table and table.control >= 0:
        sock = socket.socket(fileno=table.control)
        if wanted:
            sock.setblocking(False)
            return sock
        sock.close()
        control.remove(directory)
    if not wanted:
        return None
    try:
        return control.listen(directory)
    except control.AlreadyServedError as error:
        raise CannotStartError(str(error)) from error
    except OSError as error:
        raise CannotStartError(f"{directory / NAME}: {error.strerror}") from error


def find_door(settings: Settings) -> Door:
    """Asked once, at a start: the loop never waits for a directory of accounts."""
    rights = Rights(
        os.geteuid(),
        frozenset(settings.machine.admin_gids),
        prod_requires_admin=settings.control.prod_requires_admin,
        queue_list_requires_admin=settings.control.queue_list_requires_admin,
    )
    return Door(rights, who_may(_name(rights.owner), settings.control.admin_groups))


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
