"""How mail goes into the home directories of system users.

The helper that runs as root reads these settings too, by itself and from files of root alone
(`pymta.local.root_settings`): what the rest of pymta could write must not say whose mailbox it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pymta.config.setting import setting
from pymta.config.units import BelowHome, DirectoryPath, GroupName, Positive, Timeout


@dataclass(frozen=True, slots=True)
class Deliver:
    # 1000 is where every distribution of today begins to number people.  Below it are accounts of
    # programs: their home directories are none, and mail for them could only wait and come back.
    local_uid_min: Positive = setting(
        1000, "Lowest user id of a system user who gets mail; 1 stands for everybody but root."
    )
    home_maildir: Annotated[str, BelowHome()] = setting(
        "Maildir", "Maildir of a system user, below the home directory."
    )
    home_maildir_create: bool = setting(
        True, "Make a Maildir that is not there yet; otherwise its mail waits."
    )
    mail_spool_directory: Annotated[str, DirectoryPath("/var/mail")] = setting(
        "",
        "Directory of mailboxes in mbox form, one file for each system user, such as /var/mail;"
        " empty: each has home_maildir.",
    )
    mail_spool_group: GroupName = setting(
        "mail",
        "Group that may make files in mail_spool_directory, taken on for that alone; empty: that"
        " of the user.",
    )
    forward_file: Annotated[str, BelowHome(may_be_empty=True)] = setting(
        ".forward",
        "File below the home directory that says where a system user's mail goes instead; empty:"
        " none is read.",
    )
    home_timeout: Timeout = setting(
        300, "Limit for one delivery into a home directory; when it is over, the mail waits."
    )
