"""What must hold of the settings for commands and files that aliases name, and of those for mboxes.

Whether the account exists is asked when the first of them is to be done: it may come later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pymta.config.deliver import Deliver
from pymta.config.local_transport import MBOX
from pymta.config.own_addresses import Faulty
from pymta.config.routing import Routing
from pymta.config.table_name import file_of

ROOT = "root"
LOCK = ".lock"  # behind the name of an mbox while it is written to
_ACCOUNT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")


def faults(routing: Routing, deliver: Deliver) -> Iterator[Faulty]:
    user = deliver.alias_user
    if user and (user == ROOT or not _ACCOUNT.fullmatch(user)):
        yield "alias_user", None, user, 'want the name of an account other than root, or ""'
    for number, path in enumerate(deliver.alias_user_files):
        if not (path.startswith("/") and path.isprintable() and not path.endswith("/")):
            wanted = 'want an absolute path of a file, such as "/etc/aliases"'
            yield "alias_user_files", number, path, wanted
    tables = {file_of(name) for name in (*routing.alias_file, *routing.virtual_aliases)}
    if user and tables.isdisjoint(deliver.alias_user_files):
        wanted = "want a file of alias_file or virtual_aliases, or alias_user does nothing"
        yield "alias_user_files", None, list(deliver.alias_user_files), wanted
    ways = routing.local_transport
    if MBOX in ([ways] if isinstance(ways, str) else ways.values()):
        for number, name in enumerate(routing.local_parts):
            if name.endswith(LOCK):
                wanted = f"want another name: that of an mbox cannot end in {LOCK}"
                yield "local_parts", number, name, wanted
