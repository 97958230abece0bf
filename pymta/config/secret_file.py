"""What a secret file holds, read when it is used: its first line.

Touches: disk, environment.
"""

from __future__ import annotations

import os

from pymta.config.secret import VARIABLE, path_of

LONGEST = 4096  # octets


def read_secret(name: str) -> str:
    """`name` as `pymta.config.secret` has it.  Raises ValueError with the words for the log."""
    path = path_of(name, os.environ.get(VARIABLE, ""))
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            line = os.read(fd, LONGEST).split(b"\n", 1)[0].removesuffix(b"\r")
        finally:
            os.close(fd)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise ValueError(f"{path} holds no UTF-8") from None
    if not text or "\0" in text:
        raise ValueError(f"{path} holds no password in its first line")
    return text
