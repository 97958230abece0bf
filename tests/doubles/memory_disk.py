"""The disk in memory is the program's own, since `pymta spool torture` forgets with it, too."""

from pymta.spool.memory_disk import MemoryDisk

__all__ = ["MemoryDisk"]
