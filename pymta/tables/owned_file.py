"""Open a file that somebody has been given to keep, and no other in its place.

Whoever owns a directory on the way to a file, or a link, says which file that is: a link of his
leads us to any file that we may read and he may not.  So all of the way has to belong to root, to
us, or to the owner of the file that is found.

Each step is taken from the directory that has been looked at, so nothing can change in between.

Touches: disk.
"""

from __future__ import annotations

import errno
import os
import stat

MOST_LINKS = 40  # as path_resolution(7)
_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
ROOT = 0

Owners = dict[int, str]  # what of the way belongs to a uid, the first that does


def open_owned(path: str, us: int) -> int:
    """The descriptor, to read from.  `path` is absolute; `us` is the uid of the daemon.

    Raises OSError; ValueError when others have a say in which file it is.
    """
    owners: Owners = {}
    directory, name = _walk(path, owners)
    try:
        fd = os.open(name, _READ, dir_fd=directory)
    finally:
        os.close(directory)
    owner = os.fstat(fd).st_uid
    for uid, place in owners.items():
        if uid not in {ROOT, us, owner}:
            os.close(fd)
            raise ValueError(
                f"it belongs to uid {owner}, and {place} on the way there to uid {uid};"
                " want the same owner, or root for the latter"
            )
    return fd


def _walk(path: str, owners: Owners) -> tuple[int, str]:
    """The directory that the file is in, open, and its name there.  Raises OSError."""
    names, links, place = _names(path), 0, ""
    at = os.open("/", _LOOK)
    try:
        while True:
            name = names.pop() if names else "."
            fd = os.open(name, _LOOK, dir_fd=at)
            try:
                found = os.fstat(fd)
                is_link = stat.S_ISLNK(found.st_mode)
                if not (is_link or names):
                    return at, name
                owners.setdefault(found.st_uid, f"{place}/{name}")
                if not is_link:
                    at, fd, place = fd, at, f"{place}/{name}"
                    continue
                links += 1
                if links > MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                target = os.readlink("", dir_fd=fd)
            finally:
                os.close(fd)
            names += _names(target)
            if target.startswith("/"):
                root = os.open("/", _LOOK)
                os.close(at)
                at, place = root, ""
    except BaseException:
        os.close(at)
        raise


def _names(path: str) -> list[str]:
    """The last comes first, so the next is at the end."""
    return [name for name in reversed(path.split("/")) if name not in {"", "."}]
