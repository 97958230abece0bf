"""Is there room on the disks for one more message?  (check_spool_space and its like)

Asked at MAIL, so that a client that is told no still has its message.  The words are those of the
classic daemon, with space in kilobytes and -1 for what the file system does not say.
"""

from __future__ import annotations

from pymta.config.limits import Limits
from pymta.load.reading import Room

# Bytes for what we write with a message: envelope, Received field, the records of its journal.
_BESIDES = 5000


def spool_shortage(room: Room, size: int, limits: Limits) -> str:
    """The line for the log, "" when there is room; `size` is what SIZE= said, 0 for nothing."""
    line = _shortage("spool", room, limits.check_spool_space, limits.check_spool_inodes)
    if line or not size or not limits.smtp_check_spool_space:
        return line
    if room.space - size - _BESIDES < limits.check_spool_space:
        return f"{_line('spool', room)} for a message of SIZE={size}"
    return ""


def log_shortage(room: Room, limits: Limits) -> str:
    """The same for the disk that the log is written to."""
    return _shortage("log", room, limits.check_log_space, limits.check_log_inodes)


def _shortage(name: str, room: Room, space: int, inodes: int) -> str:
    is_short = room.space < space or (room.inodes is not None and room.inodes < inodes)
    return _line(name, room) if is_short else ""


def _line(name: str, room: Room) -> str:
    inodes = -1 if room.inodes is None else room.inodes
    return f"{name} directory space check failed: space={room.space // 1024} inodes={inodes}"
