"""The last steps of every start: settings, a new generation on disk, the supervisor in our place.

Touches: processes, disk.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from pymta.cli.command_error import CommandError
from pymta.config import generation
from pymta.config.generation import GenerationError, current_file
from pymta.config.read import read_settings
from pymta.config.settings import Machine, Settings

SUPERVISOR = "pymta.supervisor.main"


def start(
    file: Path | None,
    machine: Machine,
    *,
    login: str,
    execute: Callable[[str, list[str]], NoReturn] = os.execv,
) -> NoReturn:
    """Become the supervisor: same process, same descriptors, same environment.

    Raises ConfigError with all mistakes, CommandError when the state directory cannot be written.
    """
    settings = read_settings(file, machine, login=login)
    current = current_file(machine.state_directory)
    try:
        generation.store(current, replace(settings, generation=next_number(current)))
    except OSError as error:
        raise CommandError(
            f"cannot write {error.filename or current}: {error.strerror}", os.EX_CANTCREAT
        ) from error
    sys.stdout.flush()
    sys.stderr.flush()
    # -P: the directory we are started in is no place to import from.
    execute(sys.executable, [sys.executable, "-P", "-m", SUPERVISOR, str(current)])


def next_number(current: Path) -> int:
    """One more than the generation that was served last; 1 when there was none to read."""
    return previous(current).generation + 1


def previous(current: Path) -> Settings:
    try:
        return generation.load(current)
    except (FileNotFoundError, GenerationError):
        return Settings()


def make_directory(path: str, mode: int) -> None:
    """Make a directory of ours unless it is there.  Raises CommandError."""
    try:
        Path(path).mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"cannot make {path}: {error.strerror}", os.EX_CANTCREAT) from error
