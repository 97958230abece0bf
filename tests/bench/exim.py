"""Exim as it is measured: of Debian (exim4-daemon-light), with the settings that Debian ships where
the task does not ask for others, one queue runner every 30 minutes, five at once.

What it refuses at smtp_accept_max its daemon says itself.  It syncs header and data file of the
spool, the directory not.

Touches: disk.
"""

from __future__ import annotations

import os
from pathlib import Path

from pymta.mail.message_id import make_id
from tests.bench.peer import Peer
from tests.doubles.peers import CHECKOUT

_SCRIPT = r"""
add_user Debian-exim 5101
on_disk spool /var/spool/exim4 Debian-exim
on_disk log /var/log/exim4 Debian-exim
on_disk mail /var/vmail vmail
mkdir -p /run/exim4 /var/lib/exim4 /etc/exim4
chown Debian-exim:Debian-exim /run/exim4
chmod 4755 /usr/sbin/exim4
users 'user&: user&' >/etc/exim4/users
if [ "$SYSTEM_USERS" = true ]; then
    who='check_local_user'
    where='directory = $home/Maildir'
else
    who='local_parts = lsearch;/etc/exim4/users'
    where='directory = /var/vmail/$local_part_data
  user = vmail
  group = vmail'
fi
cat >/etc/exim4/exim4.conf <<CONF
primary_hostname = exim.test
domainlist local_domains = example.test
domainlist relay_to_domains = sink.test
exim_user = Debian-exim
exim_group = Debian-exim
never_users = root
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
pid_file_path = /run/exim4/exim.pid
local_interfaces = 127.0.0.1.$PORT
daemon_smtp_ports = $PORT
tls_advertise_hosts =
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
smtp_accept_max = $CONNECTIONS
smtp_accept_queue = 0
smtp_accept_queue_per_connection = 0
smtp_accept_max_per_connection = 0
smtp_connect_backlog = 512
queue_run_max = 5
queue_only = $QUEUE_ONLY
message_size_limit = 50M
ignore_bounce_errors_after = 2d
timeout_frozen_after = 7d
host_lookup =
dns_ipv4_lookup = *
prdr_enable = true
keep_environment =
log_selector = +smtp_protocol_error +smtp_syntax_error +tls_certificate_verified

begin acl
acl_rcpt:
  accept hosts = :
  deny   local_parts = ^[.] : ^.*[@%!/|]
         message = restricted characters in address
  require message = unknown user
          verify = recipient
  accept domains = +local_domains
  accept hosts = 127.0.0.1
  deny   message = relay not permitted
acl_data:
  accept

begin routers
smarthost:
  driver = manualroute
  domains = +relay_to_domains
  transport = remote_smtp
  route_list = * 127.0.0.1::$SINK_PORT
  self = send
  no_more
local_user:
  driver = accept
  domains = +local_domains
  $who
  transport = maildir

begin transports
remote_smtp:
  driver = smtp
  hosts_try_fastopen =
  tls_try_verify_hosts =
  hosts_avoid_tls = *
maildir:
  driver = appendfile
  maildir_format
  $where
  create_directory
  delivery_date_add
  envelope_to_add
  return_path_add
  mode = 0600
  directory_mode = 0700

begin retry
* * F,2h,15m; G,16h,1h,1.5; F,4d,6h

begin rewrite
begin authenticators
CONF
serve exim4 -bdf -q30m
"""

# Debian 12 has an init script for it, and no unit.
_UNIT = """
[Service]
Type=exec
ExecStart=/usr/sbin/exim4 -bdf -q30m
"""


def exim() -> Peer:
    return Peer(
        name="exim",
        title="Exim",
        tree=CHECKOUT / ".peers" / "exim",
        script=_SCRIPT,
        queued=lambda spool: sum(1 for _ in (spool / "input").rglob("*-H")),
        copies=_copy,
        version=("sh", "-c", "exim4 -bV | sed -n '1s/ #.*//p'"),
        list_queue=("exim4", "-bp"),
        run_queue=("exim4", "-qff"),
        units=("exim4.service",),
        unit_file=_UNIT,
    )


def _copy(spool: Path, number: int) -> None:
    """Both files begin with their own names."""
    header = next((spool / "input").glob("*-H"))
    old = header.name.removesuffix("-H")
    owner = header.stat()
    for n in range(number):
        new = f"{old[:7]}{make_id(0, n, 0)[12:18]}{old[13:]}"  # with another process id
        for one in (header, header.with_name(f"{old}-D")):
            copy = one.with_name(one.name.replace(old, new))
            copy.write_bytes(one.read_bytes().replace(old.encode(), new.encode(), 1))
            copy.chmod(owner.st_mode & 0o777)
            os.chown(copy, owner.st_uid, owner.st_gid)
