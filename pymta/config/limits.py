"""How much of the machine callers may have."""

from __future__ import annotations

from dataclasses import dataclass

from pymta.config.setting import setting


@dataclass(frozen=True, slots=True)
class Limits:
    smtp_accept_max: int = setting(
        20, "Connections at once, all callers together; 0 means no limit."
    )
    smtp_accept_max_per_host: int = setting(
        0, "Connections at once from one address; 0 means no limit."
    )
    smtp_load_reserve: float | None = setting(
        None, "One-minute load average above which every caller hears 421."
    )
