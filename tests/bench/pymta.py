"""pymta as it is measured: as packaging/install puts it in place, from a tree of its own, with the
limits of the others, and logs in files.

Queue files, their directory and Maildirs are synced, as always.  Two settings are columns of their
own: a worker takes up to 100 connections, which is the default, or one.

Touches: disk.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pymta.mail.message_id import arrival_time, make_id, pid_part
from tests.bench.peer import Peer

_SCRIPT = r"""
add_user pymta 5110
on_disk spool /var/lib/pymta pymta
on_disk mail /var/lib/pymta/mail pymta
on_disk log /var/log/pymta pymta
mkdir -p /etc/pymta /run/pymta
chown pymta:pymta /run/pymta
cat >/etc/pymta/pymta.toml <<CONF
pymta_user = "pymta"
primary_hostname = "pymta.test"
local_interfaces = ["127.0.0.1.$PORT"]
daemon_smtp_ports = ["$PORT"]
smtp_connect_backlog = 512
smtp_accept_max = $CONNECTIONS
smtp_accept_queue_per_connection = 0
smtp_accept_max_per_connection = 0
local_domains = ["example.test"]
local_parts = [$(users '"user&",')]
local_users = $SYSTEM_USERS
local_socket = "/run/pymta/submit"
alias_file = []
relay_to_domains = ["sink.test"]
smarthost = "127.0.0.1:$SINK_PORT"
remote_tls = "none"
queue_only = $QUEUE_ONLY
log_file_path = "/var/log/pymta/%slog"
worker_max_connections = $WORKER_MAX_CONNECTIONS
CONF
if [ "$SYSTEM_USERS" = true ]; then
    systemd-socket-activate --seqpacket --fdname=deliver -l /run/pymta-deliver/socket \
        pymta deliver-helper &
    until [ -S /run/pymta-deliver/socket ]; do sleep 0.01; done
    chown pymta /run/pymta-deliver/socket
fi
serve pymta daemon
"""

# What nobody's connection has a part in.
_AS_PYMTA = {"systemctl": "starts as pymta does", "queue-list": "lists as pymta does"}


def pymta(tree: Path) -> Peer:
    """`tree` is one that `packaging/install --root` has made."""
    return _with("pymta", "pymta", tree, 100)


def pymta_fresh(tree: Path) -> Peer:
    """With a process for each connection."""
    return _with("pymta-fresh", "pymta, fresh", tree, 1)


def _with(name: str, title: str, tree: Path, worker_max_connections: int) -> Peer:
    return Peer(
        name=name,
        title=title,
        tree=tree,
        script=_SCRIPT,
        queued=lambda spool: sum(1 for _ in (spool / "spool" / "queue").glob("*-*-*")),
        copies=_copy,
        version=("pymta", "version"),
        list_queue=("pymta", "queue", "list"),
        run_queue=("pymta", "queue", "run", "--force"),
        units=("pymta.socket", "pymta.service"),
        made_ready="systemd-tmpfiles --create pymta.conf",
        lacks={} if worker_max_connections > 1 else _AS_PYMTA,
        variables={"WORKER_MAX_CONNECTIONS": str(worker_max_connections)},
    )


def _copy(spool: Path, number: int) -> None:
    """A message and its journal do not know their id, and it is due when the journal was changed;
    see pymta-spool(5).
    """
    one = next((spool / "spool" / "queue").glob("*-*-*"))
    owner = one.stat()
    for n in range(number):
        name = make_id(arrival_time(one.name), pid_part(0, n), 0)
        for file in (one, spool / "spool" / "journal" / one.name):
            copy = file.with_name(name)
            shutil.copy2(file, copy)
            os.chown(copy, owner.st_uid, owner.st_gid)
