"""The daemon as a process of the system: who it is, and which files tell others about it."""

from __future__ import annotations

from pymta.config.setting import setting
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Process:
    pymta_user: str = setting(
        "",
        "Account that a daemon started by root becomes once it listens; empty: the owner of the"
        " state directory.",
    )
    pymta_group: str = setting("", "Its group; empty: the primary group of the account.")
    pymta_path: str = setting(
        "", "Python interpreter that a reload starts; empty: the one that runs the daemon now."
    )
    spool_directory: str = setting(
        "",
        "Directory of the queue, of the account of the daemon; empty: spool in the state directory,"
        " or where a link of that name leads.  Another one is taken at a start, when nothing waits"
        " in the former one.",
    )
    split_spool_directory: bool = setting(
        False, "Must be false: directories of any size are fast here."
    )
    panic_coredump: bool = setting(
        False, "Leave a core dump when a mistake of ours ends the daemon, beside the traceback."
    )
    pid_file_path: str = setting(
        "",
        "File for the process id; empty: none, or pymta-daemon.pid in the state directory for"
        " pymta-sendmail -bd.",
    )
    process_log_path: str = setting(
        "",
        "File to which SIGUSR1 makes each process of ours write what it is doing; empty:"
        " pymta-process.info in the state directory.",
    )
