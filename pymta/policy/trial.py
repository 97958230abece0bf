"""Code of the operator's, run in a child: whatever it does to its process, we go on.

Touches: processes, descriptors, the operator's code.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable

from pymta.channel.life import live_and_leave
from pymta.config.duration import format_duration
from pymta.config.policy_code import PolicySource
from pymta.config.policy_source import STAGES
from pymta.dataclass import dataclass
from pymta.policy.code import Program
from pymta.policy.explain import place_of, reason_of
from pymta.policy.stage import Stage
from pymta.policy.time_limit import OutOfTimeError, TimeLimit, limit_of

MOST_SAID = 256 << 10  # octets; of more than that the last ones
_BLOCK = 65_536  # as much as a pipe holds
_MOST_LEFT = 3  # blocks that are read when the child has ended
WELL, ILL = 100, 101  # not what code that ends its process by itself would say


@dataclass(frozen=True, slots=True)
class Ended:
    """`said` is what it wrote, `status` as of `os.waitstatus_to_exitcode`."""

    said: str
    status: int

    @property
    def is_well(self) -> bool:
        return self.status == WELL

    @property
    def never_came_back(self) -> bool:
        return limit_of(-self.status) is not None


def in_child(life: Callable[[], int]) -> Ended:
    """Its output comes here; raises OSError when there can be no process."""
    sys.stdout.flush()
    sys.stderr.flush()
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        live_and_leave(lambda: _live(life, write))
    os.close(write)
    try:
        said = _last_words(pid, read)
    finally:
        os.close(read)
    _, status = os.waitpid(pid, 0)
    return Ended(said.decode("utf-8", "replace"), os.waitstatus_to_exitcode(status))


def _last_words(pid: int, read: int) -> bytes:
    """Until the child ends: what it has started may go on, and keep its output open."""
    said, left = bytearray(), _MOST_LEFT
    with open(os.pidfd_open(pid), "rb") as ended:  # noqa: PTH123 - a descriptor has no path
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        poll.register(read, select.POLLIN)
        while left > 0:
            ready = {fd for fd, _ in poll.poll()}
            if ended.fileno() in ready:
                left -= 1
                if read not in ready:
                    break
            if read in ready and (block := os.read(read, _BLOCK)):
                said += block
                del said[:-MOST_SAID]
            elif read in ready:
                poll.unregister(read)
    return bytes(said)


def mistake(source: PolicySource, seconds: int) -> tuple[int, str]:
    """What is wrong with a file of policy functions as a whole: its line, and why; "" for nothing.

    What stands at its top level is run, as each session would run it.
    """
    ended = in_child(lambda: _try(source, seconds))
    if ended.never_came_back:
        return 0, f"did not come back within {format_duration(seconds)}"
    line, _, why = ended.said.rpartition("\0")[2].partition(" ")
    if ended.is_well:
        return 0, ""
    return (int(line), why) if line.isdecimal() else (0, f"ended its process ({ended.status})")


def _try(source: PolicySource, seconds: int) -> int:
    program = Program(source)

    def run() -> None:
        module = program.run()
        for name in STAGES:
            if not callable(getattr(module, name, print)):
                raise TypeError(f"{name} is no function")

    try:
        TimeLimit(seconds).call(list(Stage).index(Stage.CONNECT), run)
    except BaseException as error:  # noqa: BLE001 - whatever the operator's code may raise
        is_late = isinstance(error, OutOfTimeError)
        why = f"took longer than {format_duration(seconds)}" if is_late else reason_of(error)
        sys.stdout.write(f"\0{place_of(error, source.path)} {why}")
        return ILL
    return WELL


def _live(life: Callable[[], int], output: int) -> int:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    # What was there may be a stream of a test, or of somebody who reads along.
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    try:
        return life()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
