"""Users of a test's own, with home directories, for processes in a mount namespace of their own.

There they stand in passwd(5) and group(5) behind those of the machine, whose accounts never change.

Touches: disk.
"""

from __future__ import annotations

import os
from pathlib import Path

FIRST_UID = 4001
GID = 4000
EXTRA_GID = 4999  # a further group that all are in


class OwnAccounts:
    """`users` are names, in the order of their uids from FIRST_UID on.

    `directory` is one that everybody may enter; homes lie in it.
    """

    def __init__(self, directory: Path, *users: str) -> None:
        self.directory = directory
        self.users = {name: FIRST_UID + n for n, name in enumerate(users)}
        self.homes = directory / "homes"
        self.homes.mkdir(mode=0o755)
        self.homes.chmod(0o755)
        passwd, group = Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
        for name, uid in self.users.items():
            passwd += f"{name}:x:{uid}:{GID}::{self.home(name)}:/usr/sbin/nologin\n"
            self.home(name).mkdir(mode=0o700)
            os.chown(self.home(name), uid, GID)
        group += f"people:x:{GID}:\nmore:x:{EXTRA_GID}:{','.join(self.users)}\n"
        self.passwd = directory / "passwd"
        self.passwd.write_text(passwd)
        (directory / "group").write_text(group)
        (directory / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")

    def home(self, user: str) -> Path:
        return self.homes / user

    def mail(self, user: str) -> list[Path]:
        return sorted(self.home(user).glob("Maildir/new/*"))

    def write(self, user: str, name: str, content: bytes, mode: int = 0o644) -> Path:
        """A file in the home directory, of its owner."""
        path = self.home(user) / name
        path.write_bytes(content)
        path.chmod(mode)
        os.chown(path, self.users[user], GID)
        return path

    @property
    def mounts(self) -> str:
        """For the shell, in the namespace where they are to be known."""
        files = ("passwd", "group", "nsswitch.conf")
        return " && ".join(f"mount --bind {self.directory}/{name} /etc/{name}" for name in files)

    def prefix(self) -> list[str]:
        """Goes before a command that is to know them."""
        return ["unshare", "--mount", "bash", "-c", f'{self.mounts} && exec "$@"', "bash"]
