"""A secret of this host, made once, for what is shown of accounts that do not exist.

It has to stay the same: else two looks at a name would tell that nobody has it.

Touches: disk, random numbers.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

NAME = "login.secret"
LENGTH = 32  # bytes
_MODE = 0o600


def host_secret(state_directory: str) -> bytes:
    """Raises OSError."""
    path = Path(state_directory, NAME)
    for _ in range(2):
        with suppress(FileNotFoundError):
            found = path.read_bytes()
            if len(found) == LENGTH:
                return found
            path.unlink()  # of a disk that was full, or a crash before it was synced
        _make(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    """All of it or nothing; whoever comes first has made it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    try:
        os.write(fd, secrets.token_bytes(LENGTH))
        os.fsync(fd)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.close(fd)
        draft.unlink(missing_ok=True)
