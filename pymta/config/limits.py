"""How much of the machine callers may have."""

from __future__ import annotations

from typing import Annotated

from pymta.config.per_host import NumberPerHost, PerHost
from pymta.config.setting import setting
from pymta.config.units import Bytes, Count, Host, LoadAverage, Pressure
from pymta.dataclass import dataclass


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
    local_accept_max: Count = setting(
        20,
        "Connections at once from users of this machine over local_socket or pymta-local.socket,"
        " which smtp_accept_max does not count; 0 means no limit.",
    )
    local_accept_max_per_user: Count = setting(
        10,
        "Of them, connections at once from one user, so that none keeps out the others; root has no"
        " such limit; 0 means none for anybody.",
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
    smtp_load_reserve: LoadAverage = setting(
        None, "One-minute load average above which only smtp_reserve_hosts, or nobody, is let in."
    )
    smtp_pressure_reserve: Pressure = setting(
        None,
        "Pressure (PSI, percent of the last 10 seconds) above which only smtp_reserve_hosts, or"
        " nobody, is let in: of the cpu, or { cpu = 40, memory = 20, io = 60 }.",
    )
    load_average_file: str = setting(
        "", "File in the form of /proc/loadavg to read instead; empty: the load of this machine."
    )
    pressure_directory: str = setting(
        "",
        "Directory to read pressure from, such as that of a control group; empty: /proc/pressure,"
        " else the top of the control groups.  Where it cannot be read its limits have no effect,"
        " and a line at the start says so.",
    )
    check_spool_space: Bytes = setting(
        10 << 20, "Free space on the disk of the spool below which MAIL is answered 452."
    )
    check_spool_inodes: Count = setting(
        100, "Free inodes on the disk of the spool below which MAIL is answered 452."
    )
    check_log_space: Bytes = setting(
        10 << 20, "Free space on the disk of log_file_path below which MAIL is answered 452."
    )
    check_log_inodes: Count = setting(
        100, "Free inodes on the disk of log_file_path below which MAIL is answered 452."
    )
    smtp_check_spool_space: bool = setting(
        True, "Let a message in only if check_spool_space stays free beside its announced size."
    )
