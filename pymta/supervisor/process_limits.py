"""The limits that the system sets us: descriptors and processes (ST-09).

Each session costs a descriptor here and a process.  We take all the descriptors that we may have;
root raises what would be too little for a mail server anywhere.

Touches: processes.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from contextlib import AbstractContextManager

FEW_FILES = 1000  # below that root raises the limit
FEWEST_FILES = 256  # when not even that much is allowed
FEW_PROCESSES = 1000
NO_LIMIT = resource.RLIM_INFINITY  # -1: compare for equality only

Limit = tuple[int, int]  # soft, hard
Root = Callable[[], AbstractContextManager[None]]


def wanted_files(now: Limit, *, is_root: bool) -> Limit:
    _, hard = now
    if is_root and hard != NO_LIMIT and hard < FEW_FILES:
        return FEW_FILES, FEW_FILES
    return hard, hard


def wanted_processes(now: Limit, *, is_root: bool) -> Limit:
    soft, hard = now
    if is_root and soft != NO_LIMIT and soft < FEW_PROCESSES:
        return NO_LIMIT, NO_LIMIT
    return soft, hard


def raise_limits(root: Root, *, is_root: bool) -> str:
    """Set what is wanted; "" or the line that says what could not be had."""
    processes = resource.getrlimit(resource.RLIMIT_NPROC)
    _set(resource.RLIMIT_NPROC, wanted_processes(processes, is_root=is_root), root)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    why = _set(resource.RLIMIT_NOFILE, wanted_files(files, is_root=is_root), root)
    if not why or not is_root:
        return ""
    _set(resource.RLIMIT_NOFILE, _at_least(FEWEST_FILES, files), root)
    return f"setrlimit(RLIMIT_NOFILE) failed: {why}"


def _at_least(number: int, now: Limit) -> Limit:
    soft, hard = now
    return max(number, soft), max(number, hard)


def _set(which: int, wanted: Limit, root: Root) -> str:
    if wanted == resource.getrlimit(which):
        return ""
    try:
        with root():
            resource.setrlimit(which, wanted)
    except OSError as error:
        return error.strerror or str(error)
    except ValueError as error:  # beyond the hard limit, without the right to raise it
        return str(error)
    return ""
