"""Where log lines go."""

from __future__ import annotations

from dataclasses import dataclass

from pymta.config.setting import setting


@dataclass(frozen=True, slots=True)
class Journal:
    log_file_path: str = setting(
        "", "File for the log; empty: the journal under systemd, else standard error."
    )
