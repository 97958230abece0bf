"""A spool on another disk: its usual place becomes a link that leads there (`spool_directory`).

So queue runs, commands and the conditions of units, which know the usual place alone, find it
wherever it is.  No message is ever moved, and none is left behind where nobody would look:

    the usual place is                      it becomes
    nothing, or an empty directory          a link
    a spool or a link, without messages     a link; a spool that was made there is kept beside it
    a spool or a link, with messages        nothing else, and the start says what to do
    a link to what is not there             nothing else: it may be a disk that is not mounted

Touches: disk.
"""

from __future__ import annotations

import os
from pathlib import Path

from pymta.spool.paths import CORRUPT, INCOMING, NAMED_QUEUE, QUEUE

_FORMER = ".former"
_FRESH = ".fresh"


class StillThereError(Exception):
    """Messages lie elsewhere, or may, and nobody would deliver them; the argument says it all."""


def refuse_dead_link(usual: Path) -> None:
    """Raises StillThereError."""
    if usual.is_symlink() and not usual.exists():
        raise StillThereError(
            f"{usual} leads to {usual.readlink()}, which is not there: mount it, or remove the link"
        )


def lead_to(usual: Path, elsewhere: Path) -> None:
    """Make `usual` lead to `elsewhere`, which is there.  Raises StillThereError and OSError."""
    if usual.exists() and usual.samefile(elsewhere):
        return
    if _has_messages(usual):
        raise StillThereError(
            f"messages wait in {usual.resolve()}, and spool_directory is {elsewhere}:"
            " move everything from there to here, and start again"
        )
    fresh = usual.with_name(usual.name + _FRESH)
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(elsewhere)
    if usual.is_dir() and not usual.is_symlink():
        _put_aside(usual)
    fresh.replace(usual)
    _sync(usual.parent)


def _has_messages(spool: Path) -> bool:
    """Whole ones, half-written ones and damaged ones."""
    if not spool.is_dir():
        return False
    kept = (INCOMING, QUEUE, CORRUPT)
    return any(
        any(directory.iterdir())
        for directory in spool.iterdir()
        if directory.name in kept or directory.name.startswith(NAMED_QUEUE)
    )


def _put_aside(spool: Path) -> None:
    if any(spool.iterdir()):
        spool.rename(spool.with_name(spool.name + _FORMER))
    else:
        spool.rmdir()


def _sync(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
