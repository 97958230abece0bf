"""May whoever types this do it?  (ST-03)

Root and the owner of the queue may, and nothing is read for them.  For anybody else the settings
say who else; without settings that he can read, nobody.

Touches: processes, disk.
"""

from __future__ import annotations

import os

from pymta.cli.command_error import CommandError
from pymta.config.rights import Person, Rights

FAILED = 1


def check_caller(state: str, *, is_prod: bool, is_debugging: bool) -> None:
    """`is_prod`: he wants deliveries only, and starts no listener.  Raises CommandError."""
    try:
        owner = os.stat(state).st_uid  # noqa: PTH116 - pathlib is not loaded
    except FileNotFoundError:  # the daemon makes it, if it may
        return
    caller = Person(os.geteuid(), frozenset({os.getegid(), *os.getgroups()}))
    if Rights(owner).is_admin(caller):
        return
    rights = _rights(state, owner)
    is_enough = rights.may_prod if is_prod and not is_debugging else rights.is_admin
    if not is_enough(caller):
        raise CommandError(f"{'debugging ' if is_debugging else ''}permission denied", FAILED)


def _rights(state: str, owner: int) -> Rights:
    # Loaded only for those who are neither root nor the owner.
    from pymta.cli.served import settings_for_others  # noqa: PLC0415
    from pymta.config.complaints import ConfigError  # noqa: PLC0415

    try:
        settings = settings_for_others(state)
    except (OSError, ConfigError):
        return Rights(owner)
    return Rights(
        owner,
        frozenset(settings.machine.admin_gids),
        prod_requires_admin=settings.control.prod_requires_admin,
        queue_list_requires_admin=settings.control.queue_list_requires_admin,
    )
