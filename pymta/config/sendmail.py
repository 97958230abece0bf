"""Mail of users of this machine, which comes in over local_socket, as sendmail hands it in."""

from __future__ import annotations

from pymta.config.auth import MailAddress
from pymta.config.setting import setting
from pymta.config.units import GroupName
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Sendmail:
    qualify_domain: str = setting(
        "",
        "Domain of addresses that have none in mail of users of this machine, such as root; empty:"
        " primary_hostname.",
    )
    trusted_users: tuple[GroupName, ...] = setting(
        (),
        "Users of this machine, by name or number, who may send as anybody (sendmail -f), besides"
        " root and the user of the daemon.",
    )
    trusted_groups: tuple[GroupName, ...] = setting(
        (), "Groups, by name or number, whose members may do the same."
    )
    untrusted_set_sender: tuple[MailAddress, ...] = setting(
        (),
        "Envelope senders that any user of this machine may give, beside his own addresses, those"
        ' that auth_senders has for him, and "<>": addresses, domains or "*".  With another one the'
        " mail goes under his own.",
    )
    local_from_check: bool = setting(
        True,
        "Where the From field of their mail names somebody else, add a Sender field with the"
        " address of the user, and leave out one that is there.",
    )
