"""Do something as somebody else, in a process of its own.

Touches: processes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

NOBODY = 65534


def as_user(
    act: Callable[[], str], uid: int = NOBODY, gid: int = NOBODY, groups: Sequence[int] = ()
) -> str:
    """What `act` returns there, or the error that it ended with.  Only root can do this.

    Everything that `act` needs must be imported before.
    """
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.setgroups(groups)
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            said = act()
        except BaseException as error:  # noqa: BLE001 - told to the parent, whatever it is
            said = repr(error)
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:  # noqa: PTH123 - a descriptor has no path
        said = pipe.read().decode()
    os.waitpid(pid, 0)
    return said
