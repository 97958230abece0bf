"""Declare one setting: its default and its meaning together."""

from __future__ import annotations

from dataclasses import field
from typing import Any

MEANING = "meaning"


def setting(default: Any, meaning: str) -> Any:
    """A dataclass field; `meaning` is what `pymta config show` and the manual print."""
    return field(default=default, metadata={MEANING: meaning})
