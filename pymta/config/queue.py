"""When a message is tried again, and by how many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pymta.config.setting import setting
from pymta.config.units import Always, Count, Positive, Seconds


@dataclass(frozen=True, slots=True)
class Queue:
    retry: tuple[str, ...] = setting(
        ("F,2h,15m", "G,16h,1h,1.5", "F,4d,6h"),
        "Retry schedule: F,until,interval or G,until,first interval,factor; after the last a"
        " message is returned.",
    )
    queue_run_interval: Seconds = setting(
        0, "Start a queue run this often from within the daemon; 0: the systemd timer does it."
    )
    queue_run_max: Count = setting(
        5, "Queue runs of the daemon's own clock that may go on at once; 0 means no limit."
    )
    deliver_max: Positive = setting(20, "Deliveries at once on this host.")
    deliver_drop_privilege: Annotated[bool, Always()] = setting(
        True, "Deliveries never have more rights than the daemon; there is no other way here."
    )
    queue_run_in_order: bool = setting(False, "Oldest message first; otherwise in random order.")
    worker_idle_timeout: Seconds = setting(5, "How long a worker process without work is kept.")
    shutdown_grace: Seconds = setting(
        30, "How long a stop waits for sessions and deliveries before it ends them."
    )
