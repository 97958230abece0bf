"""A supervisor whose first waits fail, as they would without kernel memory.

    python -m tests.doubles.tired_selector GENERATION

Touches: processes.
"""

from __future__ import annotations

import errno
import os
import selectors
import sys

from pymta.supervisor.main import main

FAILURES = 3


class TiredSelector(selectors.EpollSelector):
    left = FAILURES

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.left:
            self.left -= 1
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
        return super().select(timeout)


if __name__ == "__main__":
    selectors.DefaultSelector = TiredSelector  # type: ignore[misc, assignment]
    sys.exit(main(sys.argv[1:]))
