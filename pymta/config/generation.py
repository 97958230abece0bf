"""A generation: settings as validated data, what the daemon really serves.

Whoever reads settings files leaves the result here, and the supervisor, its children and queue
runs load it; so a half-edited file never reaches any of them, and none of them needs a
validator.  It is written by us and read by us: the shape is checked, the values are trusted.

The file holds names of secrets at most, never secrets.  It is readable for its owner only.

Touches: disk.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from pymta.config.changes import Changes
from pymta.config.launch import Launch
from pymta.config.policy_code import PolicySource
from pymta.config.settings import SUBJECTS, Machine, Settings

FORMAT = 1
LEFT_AFTER = 86_400  # seconds
FILE_MODE = 0o600
DIRECTORY_MODE = 0o700
_GROUPS: Mapping[str, type] = {
    **SUBJECTS,
    "machine": Machine,
    "launch": Launch,
    "changes": Changes,
    "policy_source": PolicySource,
}


class GenerationError(ValueError):
    """The file is not one that this version of pymta wrote; a start writes it anew."""


def current_file(state_directory: Path | str) -> Path:
    """Where the generation that is being served stands."""
    return Path(state_directory, "config", "current.json")


def candidate_file(current: Path) -> Path:
    """Where a validated successor of `current` waits for the supervisor to take it."""
    return current.with_name("candidate.json")


def load(path: Path) -> Settings:
    """Read a generation.  Raises OSError, or GenerationError with the remedy."""
    try:
        return from_plain(json.loads(path.read_bytes()))
    except ValueError as error:
        raise GenerationError(f"{path}: {error}; start pymta anew to have it written") from error


def store(path: Path, settings: Settings) -> None:
    """Put `settings` in place of what is there: all of it or nothing, and for good.

    Raises OSError.
    """
    path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    try:
        _write(fresh, json.dumps(to_plain(settings), indent=1).encode())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def tidy(current: Path, now: float) -> int:
    """Remove what killed processes left beside the generation in force; how many files.

    A file is written, and a candidate taken, within seconds; `now` in seconds since the epoch.
    """
    candidate = candidate_file(current).name
    patterns = (f".{current.name}.*", f".{candidate}.*", candidate)
    left = [path for pattern in patterns for path in current.parent.glob(pattern)]
    stale = [path for path in left if path.lstat().st_mtime < now - LEFT_AFTER]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def to_plain(settings: Settings) -> dict[str, Any]:
    """Only what JSON has."""
    return {"format": FORMAT, **asdict(settings)}


def from_plain(plain: Any) -> Settings:
    """Settings again.  What a newer program knows besides gets its default.

    Raises ValueError when it is of another format or names what we do not know.
    """
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        found = plain.get("format") if isinstance(plain, dict) else None
        raise ValueError(f"this is settings format {found!r}, and this pymta reads {FORMAT}")
    unknown = plain.keys() - _GROUPS.keys() - {"format", "generation"}
    if unknown:
        raise ValueError(f"unknown group {min(unknown)}")
    groups = {name: _group(type_, plain.get(name, {})) for name, type_ in _GROUPS.items()}
    return Settings(**groups, generation=plain.get("generation", 0))


def _group(type_: type, plain: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(type_)}
    unknown = plain.keys() - known
    if unknown:
        raise ValueError(f"unknown setting {min(unknown)}")
    # Every sequence in the settings is a tuple; JSON knows lists only.
    return type_(**{k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()})


def _write(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with open(os.open(path, flags, FILE_MODE), "wb") as file:  # noqa: PTH123 - the mode counts
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
