"""Watched disks are the program's own, since `pymta spool torture` stops with them, too."""

from pymta.spool.watched_disk import CALLS, KillAfter, StopAfter, Stopped, WatchedDisk

__all__ = ["CALLS", "KillAfter", "StopAfter", "Stopped", "WatchedDisk"]
