"""Who may give orders to the daemon, and where it hears them."""

from __future__ import annotations

from pymta.config.setting import setting
from pymta.config.units import GroupName
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Control:
    admin_groups: tuple[GroupName, ...] = setting(
        (), "Groups, by name or number, whose members may do what else only root and we may."
    )
    prod_requires_admin: bool = setting(
        True, "Only they may ask for queue runs and deliveries; false: every local user may."
    )
    queue_list_requires_admin: bool = setting(
        True, "Only they may list the queue; false: every local user may, with all addresses."
    )
    notifier_socket: str = setting(
        "control",
        "Control socket in the runtime directory, where pymta status and pymta reload ask; empty:"
        " none.",
    )
