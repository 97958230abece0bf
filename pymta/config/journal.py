"""Where log lines go, and which of them."""

from __future__ import annotations

from dataclasses import dataclass

from pymta.config.selectors import selected
from pymta.config.setting import setting
from pymta.config.units import HostNetwork


@dataclass(frozen=True, slots=True)
class Journal:
    log_file_path: str = setting(
        "", "File for the log; empty: the journal under systemd, else standard error."
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
        ("*",), 'Local ports whose numbers incoming_interface logs, such as ["!25", "!587"].'
    )

    @property
    def selected(self) -> frozenset[str]:
        """The selectors that are on."""
        return selected(self.log_selector)
