"""What only the account of the daemon can try: to write where it must, and to look at the queue.

Done in a child that becomes this account first, and only while nothing can hang us: it has a time
limit, and a disk that does not answer holds nobody but the child.  A file that is made for a trial
has no name, so none is left.

Directories are opened by way of the running daemon where we may: what a unit forbids it is seen
only from where it stands.

Touches: processes, disk, clock.
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pymta.doctor.storage import OVERDUE, Tried, Waiting
from pymta.mail.message_id import arrival_time
from pymta.spool import paths
from pymta.spool.files import FileSpool

PATIENCE = 30.0  # seconds
_MOST = 1 << 16

Become = Callable[[int, int], None]  # for good, this uid and gid


def ask_as_owner(
    state: str,
    directories: Sequence[str],
    daemon: int,
    account: tuple[int, int],
    become: Become,
) -> tuple[tuple[Tried, ...], Waiting] | str:
    """What came of it, or why nothing did; `daemon` is its pid, 0 for none.

    `account` is uid and gid of the daemon's; we are root or have that uid.
    """
    opened = [(path, _open(path, daemon)) for path in directories]
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(writing, state, opened, account, become)
    os.close(writing)
    for _, fd in opened:
        if fd >= 0:
            os.close(fd)
    answer = _hear(reading, child)
    if isinstance(answer, str):
        return answer
    tried = tuple(Tried(**one) for one in answer["tried"])
    return tried, Waiting(**answer["waiting"])


def _answer(
    writing: int,
    state: str,
    opened: Sequence[tuple[str, int]],
    account: tuple[int, int],
    become: Become,
) -> None:
    """In the child; never comes back."""
    try:
        if os.geteuid() != account[0]:
            become(*account)
        told: object = {
            "tried": [asdict(_tried(path, _try(fd))) for path, fd in opened],
            "waiting": asdict(_waiting(state, time.time())),
        }
    except OSError as error:
        told = f"{error.filename or state}: {error.strerror}"
    except BaseException:  # noqa: BLE001 - our own fault; the child must end here
        told = traceback.format_exc()
    try:
        os.write(writing, json.dumps(told).encode())
    finally:
        os._exit(0)


def _hear(reading: int, child: int) -> Any:
    """What the child said: its answer, or the reason why it has none."""
    poll = select.poll()
    with open(reading, "rb") as file:
        poll.register(file, select.POLLIN)
        ready = poll.poll(PATIENCE * 1000)
        text = os.read(reading, _MOST) if ready else b""
    if not ready:
        os.kill(child, signal.SIGKILL)  # if it hangs in the kernel, it dies when that lets it go
    with suppress(ChildProcessError):
        os.waitpid(child, 0 if ready else os.WNOHANG)
    if not ready:
        return f"looking at it took longer than {PATIENCE:.0f}s: the disk does not answer"
    return json.loads(text) if text else "the process that looked at it has died"


def _open(path: str, daemon: int) -> int:
    """The directory as the daemon sees it, else as we do; a negative errno when there is none."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        with suppress(PermissionError):
            if daemon:
                return os.open(f"/proc/{daemon}/root{path}", flags)
        return os.open(path, flags)
    except OSError as error:
        return -(error.errno or errno.EIO)


def _tried(path: str, error: int) -> Tried:
    return Tried(path, error, os.strerror(error) if error else "")


def _try(fd: int) -> int:
    """The errno of making a file in it; 0: it could be made."""
    if fd < 0:
        return -fd
    try:
        os.close(os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o600, dir_fd=fd))
    except OSError as error:
        if error.errno in {errno.EOPNOTSUPP, errno.EISDIR}:  # a file system without such files
            return 0 if os.access(".", os.W_OK | os.X_OK, dir_fd=fd) else errno.EACCES
        return error.errno or errno.EIO
    return 0


def _waiting(state: str, now: float) -> Waiting:
    """Never makes what is missing of the spool, which opening it would.  Raises OSError."""
    top = f"{state}/spool"
    if not Path(paths.stamp(top)).exists():
        return Waiting()
    for directory in paths.directories(top):
        Path(directory).stat()
    spool = FileSpool(Path(top))
    dues = [
        arrival_time(one.id) if one.is_first else one.due
        for queue in spool.queues()
        for one in spool.waiting(queue)
    ]
    late = [now - due for due in dues if now - due > OVERDUE]
    return Waiting(len(dues), len(late), max(late, default=0.0), _last_run(state))


def _last_run(state: str) -> float:
    """The stamp that `pymta.queue.turn` writes; 0 when there is none."""
    try:
        return float(Path(state, "run", "queue").read_text())
    except (OSError, ValueError):
        return 0.0
