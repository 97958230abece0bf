"""The life of a forked child, and that it never returns to the code it was forked from.

Touches: processes.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

BUG = 70  # EX_SOFTWARE: an exception that no main had expected

Life = Callable[[], int]


def live_and_leave(life: Life) -> NoReturn:
    """Leave the process with what `life` gives as exit status.

    What it raises goes to standard error.  Standard error may be gone as well; not even then does
    the child climb up its parent's stack, where it would go on as a second parent.
    """
    status = BUG
    try:
        status = life()
    except BaseException:  # noqa: BLE001 - the last guard
        with suppress(OSError, ValueError):
            traceback.print_exc()
    finally:
        os._exit(status)
