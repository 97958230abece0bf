"""One thread is all that this program has, so nothing of `threading` needs mending after a fork.

dnspython, `subprocess` and others import `threading`, which then makes its locks and its table of
threads anew in every child, in case another thread held one of them at that moment.  There is no
other thread, and the work costs each session process half a megabyte of memory of its own, and each
delivery to a system user 140 of its 750 page faults.  Whoever starts a thread in a process
that forks must take this module out.

It must be imported before anything that imports `threading`; later it changes nothing.

Touches: processes.
"""

from __future__ import annotations

import os
import sys


def import_threading() -> None:
    """Import it without what it registers for the time after a fork."""
    if "threading" in sys.modules:
        return
    register = os.register_at_fork
    os.register_at_fork = lambda **_: None
    try:
        import threading  # noqa: F401, PLC0415 - for whoever imports it next
    finally:
        os.register_at_fork = register


import_threading()
