"""The settings in force for a state directory: what its daemon serves.

Touches: disk.
"""

from __future__ import annotations

import os
from pathlib import Path

from pymta.cli.places import DAEMON_CONFIG, daemon_places
from pymta.config import generation, zone
from pymta.config.generation import current_file
from pymta.config.settings import Machine, Settings


def served_settings(state_directory: str) -> Settings:
    """The current generation; before the first start of a daemon, what the files say.

    Local time is the daemon's from here on.  Raises GenerationError, ConfigError or OSError.
    """
    try:
        settings = generation.load(current_file(state_directory))
    except FileNotFoundError:
        settings = _from_files(state_directory)
    zone.adopt(settings.journal.timezone)
    return settings


def settings_for_others(state_directory: str) -> Settings:
    """What the files say, for those who may not see what is served.  Raises as above."""
    return _from_files(state_directory)


def _from_files(state_directory: str) -> Settings:
    # The reader of files weighs more than all the rest of a queue command.
    from pymta.config.read import read_settings  # noqa: PLC0415 - needed once in a blue moon

    file = Path(DAEMON_CONFIG)
    machine = Machine(
        state_directory=state_directory,
        runtime_directory=daemon_places(os.environ).runtime,
        config_file=str(file),
        is_configured=file.exists(),
    )
    return read_settings(file if file.exists() else None, machine, login="", is_to_serve=False)
