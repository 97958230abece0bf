"""How we talk to other hosts."""

from __future__ import annotations

from dataclasses import dataclass

from pymta.config.setting import setting
from pymta.config.units import Port, Timeout


@dataclass(frozen=True, slots=True)
class Transport:
    remote_smtp_port: Port = setting(25, "Port of remote hosts found by MX.")
    connect_timeout: Timeout = setting(30, "Limit for one TCP connect.")
    command_timeout: Timeout = setting(300, "Limit for the reply to a command and the greeting.")
    data_timeout: Timeout = setting(300, "Limit for writing one block of the message.")
    # Shorter, and a slow host delivers a message that we send again: RFC 5321 s4.5.3.2.6.
    final_timeout: Timeout = setting(600, "Limit for the reply to the final dot.")
