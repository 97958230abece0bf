"""Where log lines go, and which of them, in which form."""

from __future__ import annotations

from pymta.config.log_places import SYSLOG, path_of
from pymta.config.selectors import selected
from pymta.config.setting import setting
from pymta.config.units import HostNetwork, Texts
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Journal:
    log_file_path: Texts = setting(
        (),
        'Where the log goes: a file; with "%s" in its name three, for main, reject and panic;'
        ' "syslog"; or several of these. Empty: the journal under systemd, else standard error.',
    )
    log_selector: tuple[str, ...] = setting(
        (),
        'What is logged beyond, or left out of, the usual: "+name" and "-name" in order, "+all" for'
        " everything.",
    )
    hosts_connection_nolog: tuple[HostNetwork, ...] = setting(
        (),
        "Addresses and networks whose connections leave no smtp_connection and smtp_no_mail lines.",
    )
    log_ports: tuple[str, ...] = setting(
        ("*",),
        'Ports whose numbers incoming_interface and outgoing_port log, such as ["!25", "!587"].',
    )
    log_timezone: bool = setting(False, "Put the zone behind the time of a line, such as +0100.")
    timezone: str = setting(
        "",
        'Time zone of log lines and header fields, such as "UTC" or "Europe/Berlin"; empty: as the'
        " environment or the machine has it.",
    )
    write_rejectlog: bool = setting(
        True, "Have refusals in the reject log too, not in the main log alone."
    )
    syslog_facility: str = setting("mail", "Facility of lines to syslog.")
    syslog_processname: str = setting("pymta", "Name of the program in lines to syslog.")
    syslog_pid: bool = setting(
        True, "Leave the process id in the text of lines to syslog where log_selector has +pid."
    )
    syslog_timestamp: bool = setting(True, "Leave the time in the text of lines to syslog.")
    syslog_duplication: bool = setting(
        True,
        "Send a line of several logs to syslog once for each, main as info, reject as notice, panic"
        " as alert; else once, as the most severe.",
    )

    @property
    def selected(self) -> frozenset[str]:
        """The selectors that are on."""
        return selected(self.log_selector)

    @property
    def log_path(self) -> str:
        """The path in `log_file_path`, perhaps with ``%s``; "" when there is none."""
        return path_of(self.log_file_path)

    @property
    def goes_to_syslog(self) -> bool:
        return SYSLOG in self.log_file_path
