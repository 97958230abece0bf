"""How mail goes into the home directories of system users.

The helper that runs as root reads these settings too, by itself and from files of root alone
(`pymta.local.root_settings`): what the rest of pymta could write must not say whose mailbox it is.
"""

from __future__ import annotations

from typing import Annotated

from pymta.config.setting import setting
from pymta.config.units import BelowHome, DirectoryPath, GroupName, Positive, Timeout
from pymta.dataclass import dataclass


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
    forbid_pipe: bool = setting(
        False, "Run no commands of system users; mail for whoever asks for one waits."
    )
    forbid_file: bool = setting(
        False, "Write no files that system users name; mail for whoever asks for one waits."
    )
    pipe_timeout: Timeout = setting(
        300, "Limit for one command; when it is over, all of it is ended, and the mail waits."
    )
    pipe_use_shell: bool = setting(
        False, "Have /bin/sh read the line of a command; otherwise it is taken apart at blanks."
    )
    alias_user: str = setting(
        "",
        "Account as whom commands and files of aliases are run and written, never root; empty:"
        " aliases name addresses alone.",
    )
    alias_user_files: tuple[str, ...] = setting(
        ("/etc/aliases",),
        "Those of alias_file and virtual_aliases that may name commands and files.  They, and all"
        " directories above, must belong to root, and nobody else may be able to write them;"
        " alias_user must be able to read them.",
    )
