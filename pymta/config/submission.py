"""Mail of users: what a submission server does beside what every server does (RFC 6409)."""

from __future__ import annotations

from typing import Annotated

from pymta.config.per_host import PerHost, SizePerHost
from pymta.config.setting import setting
from pymta.config.units import Count, PortName, Timeout
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Submission:
    submission_ports: tuple[PortName, ...] = setting(
        ("587", "465"),
        "Those of our ports that are for users alone, who must log in there, as numbers or service"
        " names; sockets from systemd say it by their name.",
    )
    relay_authenticated: bool = setting(
        True, "Whoever has logged in may send to any domain, also on ports for other hosts."
    )
    submission_check_from: bool = setting(
        True,
        "Refuse mail of users whose From or Sender field names somebody else than the account may"
        " send as; the envelope sender is always held to that.",
    )
    submission_size_limit: Annotated[PerHost, SizePerHost()] = setting(
        None,
        "Largest message of users: a size, or a table of sizes keyed by network of the client; 0"
        " means no limit; not set: as message_size_limit.",
    )
    submission_recipients_max: Count = setting(
        1000, "Recipients of one message of users; 0 means no limit but recipients_max."
    )
    submission_rate: Count = setting(
        1000,
        "Recipients that one account may send to in submission_rate_period, on all ports; 0 means"
        " no limit.",
    )
    submission_rate_period: Timeout = setting(3600, "The time for submission_rate.")
