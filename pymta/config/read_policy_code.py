"""The file of policy functions, read once: what was validated is what serves.

Touches: disk.
"""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

from pymta.config import policy_source
from pymta.config.complaints import Complaint, ConfigError
from pymta.config.policy_code import PolicySource
from pymta.config.policy_source import LARGEST
from pymta.config.settings import Settings


class UnusableFileError(Exception):
    """It is no file to be read by us; the text says what would be right."""


def read_policy_code(path: str) -> PolicySource:
    """The file, "" for none.

    Raises UnusableFileError, or ConfigError with all mistakes in it.
    """
    if not path:
        return PolicySource()
    try:
        data = _read(path)
    except OSError as error:
        raise UnusableFileError(f"cannot be read: {error.strerror or error}") from error
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        wanted = f"this is not UTF-8: byte 0x{data[error.start]:02x}"
        raise ConfigError([Complaint(path, line, "", "", wanted)]) from error
    if found := policy_source.mistakes(text, path):
        raise ConfigError([Complaint(path, one.line, "", "", one.wanted) for one in found])
    return PolicySource(path, text, policy_source.stages_of(text))


def complete(settings: Settings) -> Settings:
    """With the file that they name, where they were read without it.  Raises ConfigError."""
    path = settings.policy_code.policy_file
    try:
        return replace(settings, policy_source=read_policy_code(path))
    except UnusableFileError as error:
        raise ConfigError([Complaint("", 0, "policy_file", path, str(error))]) from error


def _read(path: str) -> bytes:
    """Raises OSError and UnusableFileError."""
    mode = Path(path).stat().st_mode
    if not stat.S_ISREG(mode):  # a pipe would keep a reload waiting
        raise UnusableFileError('want a file, such as "/etc/pymta/policy.py"')
    if mode & stat.S_IWOTH:
        text = "everybody can write to it, and with it say what the daemon does; want chmod o-w"
        raise UnusableFileError(text)
    with Path(path).open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UnusableFileError(f"want a file of at most {LARGEST} octets")
    return data
