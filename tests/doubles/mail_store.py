"""A real Dovecot that takes mail over LMTP.

Touches: processes, disk.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.doubles.auth_servers import any_dovecot
from tests.doubles.peers import ROOT, free_port
from tests.doubles.people import NOBODY

_CONFIG = """
protocols = lmtp
auth_username_format = %Ln
mail_location = maildir:~/Maildir
mail_plugin_dir = {root}/usr/lib/dovecot/modules
mail_plugins = quota
quota_full_tempfail = yes
lmtp_rcpt_check_quota = no
passdb {{
  driver = static
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {place}/users
}}
plugin {{
  quota = maildir:User quota
}}
service auth {{
  user = root
  unix_listener auth-userdb {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
service lmtp {{
  chroot =
  unix_listener lmtp {{
    mode = 0666
  }}
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""


class MailStore:
    """Its users have Maildirs; who is in `full` may store nothing more."""

    def __init__(self, place: Path, users: tuple[str, ...], full: tuple[str, ...]) -> None:
        self._place = place
        self.path = place / "base" / "lmtp"
        self.port = free_port()
        lines = []
        for user in (*users, *full):
            home = place / "mail" / user
            home.mkdir(parents=True)
            quota = " userdb_quota_rule=*:storage=1B" if user in full else ""
            lines.append(f"{user}::{NOBODY}:{NOBODY}::{home}::{quota}\n")
        for path in (place, place / "mail"):
            path.chmod(0o755)
        for user in (*users, *full):
            (place / "mail" / user).chmod(0o777)
        (place / "users").write_text("".join(lines))

    @contextmanager
    def running(self) -> Iterator[None]:
        text = _CONFIG.format(place=self._place, root=ROOT, port=self.port)
        with any_dovecot(self._place, text, self.path.exists):
            yield

    def mail(self, user: str) -> list[bytes]:
        """What is in the mailbox of a user."""
        folder = self._place / "mail" / user / "Maildir" / "new"
        return [path.read_bytes() for path in sorted(folder.glob("*"))]

    def log(self) -> str:
        path = self._place / "log"
        return path.read_text() if path.exists() else ""


@contextmanager
def mail_store(*users: str, full: tuple[str, ...] = ()) -> Iterator[MailStore]:
    """Not started yet.  Only root can run one."""
    with tempfile.TemporaryDirectory(prefix="store") as name:
        yield MailStore(Path(name), users, full)
