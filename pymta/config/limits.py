"""How much of the machine callers may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pymta.config.per_host import NumberPerHost, PerHost
from pymta.config.setting import setting
from pymta.config.units import Count, Host


@dataclass(frozen=True, slots=True)
class Limits:
    smtp_accept_max: Count = setting(
        20, "Connections at once, all callers together; 0 means no limit."
    )
    smtp_accept_max_per_host: Annotated[PerHost, NumberPerHost()] = setting(
        None,
        "Connections at once from one address: a number, or a table of numbers keyed by network,"
        ' where the most specific wins and "*" is everybody else; 0 means no limit.',
    )
    smtp_accept_reserve: Count = setting(
        0, "Of smtp_accept_max, connections kept for smtp_reserve_hosts."
    )
    smtp_reserve_hosts: tuple[Host, ...] = setting(
        (), "Hosts for which places are kept, and that are let in whatever the load."
    )
    smtp_accept_queue: Count = setting(
        0, "Connections at once above which mail waits for a queue run; 0 means never."
    )
    smtp_load_reserve: float | None = setting(
        None, "One-minute load average above which only smtp_reserve_hosts are let in."
    )
