"""Many processes that live for a few log lines, inside a box: `flood.py PROCESSES LINES SECONDS`.

They are born evenly over that time, end at once, and are reaped at once, as workers of the daemon
are.  Run with pymta on the path, by a unit whose standard error leads to the journal.

Touches: processes, clock.
"""

from __future__ import annotations

import os
import sys
import time

from pymta.config.settings import Settings
from pymta.journal.event import Event, Kind
from pymta.journal.log import Log, open_log

AT_ONCE = 20
TEXT = "flood: a line about as long as those of a busy mail server are, more or less"


def main(processes: int, lines: int, seconds: float) -> None:
    log = open_log(Settings())
    began = time.monotonic()
    alive = 0
    for number in range(processes):
        time.sleep(max(0.0, began + seconds * number / processes - time.monotonic()))
        while alive and (
            alive >= AT_ONCE or os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        ):
            os.wait()
            alive -= 1
        if not os.fork():
            live(log, number, lines)
        alive += 1
    for _ in range(alive):
        os.wait()
    took = time.monotonic() - began
    log.write(Event(Kind.REMARK, f"{processes * lines} lines in {took:.1f} s"))
    log.close()


def live(log: Log, number: int, lines: int) -> None:
    fields = {"CLIENT": "192.0.2.7", "CLIENT_PORT": "40112", "SESSION_ID": str(number)}
    for _ in range(lines):
        log.write(Event(Kind.DELIVERED, TEXT, "1wIcRd-000000012Tz-1abc", fields))
    log.close()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
