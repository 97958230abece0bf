"""Standard streams that whoever started us has closed: the null device stands in for them.

Without it the first file or socket that is opened gets the number of one, and what is printed
goes into it.

Touches: descriptors.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper


def fill_closed_streams() -> None:
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            # The lowest free number is this one; it is for the programs that we become, too.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdout is None:
        sys.stdout = _writer(1)
    if sys.stderr is None:
        sys.stderr = _writer(2)


def _writer(fd: int) -> TextIOWrapper:
    return os.fdopen(fd, "w", closefd=False)
