"""The helper's own settings, from files that nobody but root could have written.

Of pymta.toml and its drop-ins it reads the names of `pymta.config.deliver` and nothing else; all
others are the daemon's, which validates them.  Neither a file nor a directory on the way to it may
belong to, or be writable by, anybody but root: the rest of pymta runs as an account that must not
say which user ids mail is stored for.  (In a directory with the sticky bit, such as /tmp, nobody
can put another file in the place of root's.)

The daemon's validator is not loaded, because a process of root should hold as little as it can.

Touches: disk.
"""

from __future__ import annotations

import os
import stat
import tomllib
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pymta.accounts.account import ROOT
from pymta.config.deliver import Deliver

LARGEST = 1 << 20  # bytes of a file
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_TEXTS = tuple[str, ...]
_KINDS = {
    bool: "true or false",
    int: "a whole number, without quotes",
    str: "a text in quotes",
    _TEXTS: "a list of texts",
}


class RefusedError(ValueError):
    """These settings cannot be used; the text says which file, and why."""


def read(main: Path) -> Deliver:
    """The settings of `main` and `main`.d; defaults where there is neither.

    Raises RefusedError.
    """
    values: dict[str, Any] = {}
    try:
        for path in files_of(main):
            values |= _read_file(path)
    except OSError as error:
        raise RefusedError(f"{error.filename or main}: {error.strerror}") from error
    return Deliver(**values)


def files_of(main: Path) -> list[Path]:
    """Those that are there, in the order in which they are read; see `pymta.config.sources`."""
    directory = Path(f"{main}.d")
    drop_ins = directory.iterdir() if directory.is_dir() else ()
    chosen = sorted(p for p in drop_ins if p.suffix == ".toml" and p.name[0] != ".")
    return [main, *chosen] if main.exists() else chosen


def text_of_root(path: Path) -> str:
    """What a file says that only root could have written.  Raises RefusedError, OSError."""
    real = path.resolve()
    for above in real.parents:
        _check(above, above.stat())
    return _text(real)


def _read_file(path: Path) -> dict[str, Any]:
    text = text_of_root(path)
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RefusedError(f"{path}: {error}") from error
    return {name: _value(path, name, found[name]) for name in _hints() if name in found}


def _text(path: Path) -> str:
    """Looked at and read over one descriptor, so that it is one and the same file."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(fd, "rb") as file:  # noqa: PTH123 - a descriptor has no path
        found = os.fstat(fd)
        _check(path, found)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
            raise RefusedError(f"{path}: no regular file of at most {LARGEST} bytes")
        try:
            return file.read(LARGEST).decode().replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise RefusedError(f"{path}: this is not UTF-8") from error


def _check(path: Path, found: os.stat_result) -> None:
    if found.st_uid != ROOT:
        raise RefusedError(f"{path}: belongs to uid {found.st_uid}; want it to belong to root")
    is_sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
    if found.st_mode & _WRITABLE_BY_OTHERS and not is_sticky:
        mode = stat.S_IMODE(found.st_mode)
        raise RefusedError(f"{path}: others than root may write it (mode {mode:04o}); chmod go-w")


def _value(path: Path, name: str, value: object) -> object:
    """By the annotation of the field: its markers, and the type that they mark."""
    hint = _hints()[name]
    if hint == _TEXTS:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise RefusedError(f"{path}: {name}: found {value!r}; want {_KINDS[_TEXTS]}")
    type_, *markers = get_args(hint) or (hint,)
    try:
        for marker in markers:
            value = marker.read(value) if hasattr(marker, "read") else value
        if type(value) is type_:
            for marker in markers:
                value = marker.check(value) if hasattr(marker, "check") else value
            return value
    except ValueError as error:
        raise RefusedError(f"{path}: {name}: {error}") from error
    raise RefusedError(f"{path}: {name}: found {value!r}; want {_KINDS[type_]}")


@cache
def _hints() -> dict[str, Any]:
    hints = get_type_hints(Deliver, include_extras=True)
    return {field.name: hints[field.name] for field in fields(Deliver)}
