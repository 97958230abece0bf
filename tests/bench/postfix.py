"""Postfix as it is measured: of Debian, without chroots, as upstream ships it; 200 processes of a
kind at most, so that 200 connections find one each, and the log through postlogd.

It syncs the queue file.  Delivery to virtual mailboxes is virtual(8)'s, to those of system users
local(8)'s.  Its refusals are those of the limit of connections by client.

Touches: disk.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from tests.bench.peer import Peer
from tests.doubles.peers import CHECKOUT

_QUEUES = ("incoming", "active", "deferred", "hold", "maildrop")

_SCRIPT = r"""
add_user postfix 5102
add_group postdrop 5103
on_disk spool /var/spool/postfix root
on_disk log /var/log/pf root
on_disk mail /var/vmail vmail
mkdir -p /var/lib/postfix
chown postfix:postfix /var/lib/postfix
[ -e /etc/postfix/postfix-files ] || cp "$TREE/etc/postfix/postfix-files" /etc/postfix/
[ -e /etc/postfix/dynamicmaps.cf ] || echo '# none' >/etc/postfix/dynamicmaps.cf
awk -v port="$PORT" '
    /^smtp +inet/ { print "127.0.0.1:" port " inet n - n - - smtpd"; next }
    /^[^# \t]/ && NF >= 8 { $5 = "n" } { print }' \
    /usr/share/postfix/master.cf.dist >/etc/postfix/master.cf
grep -q '^postlog ' /etc/postfix/master.cf ||
    echo 'postlog unix-dgram n - n - 1 postlogd' >>/etc/postfix/master.cf
cat >/etc/postfix/main.cf <<CONF
compatibility_level = 3.6
myhostname = postfix.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relay_domains = sink.test
relayhost =
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions =
transport_maps = hash:/etc/postfix/transport
alias_maps =
mailbox_size_limit = 0
message_size_limit = 52428800
default_process_limit = 200
maillog_file = /var/log/pf/log
biff = no
setgid_group = postdrop
mail_owner = postfix
smtp_tls_security_level =
smtpd_tls_security_level = none
smtp_host_lookup = native
smtpd_peername_lookup = no
disable_dns_lookups = yes
CONF
if [ "$SYSTEM_USERS" = true ]; then
    cat >>/etc/postfix/main.cf <<CONF
mydestination = example.test
local_recipient_maps = unix:passwd.byname
home_mailbox = Maildir/
CONF
else
    cat >>/etc/postfix/main.cf <<CONF
mydestination =
local_recipient_maps =
virtual_mailbox_domains = example.test
virtual_mailbox_base = /var/vmail
virtual_mailbox_maps = hash:/etc/postfix/mailboxes
virtual_mailbox_limit = 0
virtual_uid_maps = static:5000
virtual_gid_maps = static:5000
CONF
fi
if [ "$QUEUE_ONLY" = true ]; then
    echo 'smtpd_end_of_data_restrictions = check_client_access static:HOLD' >>/etc/postfix/main.cf
fi
if [ "$CONNECTIONS" -lt 200 ]; then
    cat >>/etc/postfix/main.cf <<CONF
smtpd_client_connection_count_limit = $CONNECTIONS
smtpd_client_event_limit_exceptions =
CONF
fi
users 'user&@example.test user&\/' >/etc/postfix/mailboxes
echo "sink.test smtp:[127.0.0.1]:$SINK_PORT" >/etc/postfix/transport
postmap hash:/etc/postfix/mailboxes hash:/etc/postfix/transport
touch /var/log/pf/log
chown postfix /var/log/pf /var/log/pf/log
chgrp postdrop /usr/sbin/postdrop /usr/sbin/postqueue
chmod 2555 /usr/sbin/postdrop /usr/sbin/postqueue
serve postfix start-fg
"""


def postfix() -> Peer:
    return Peer(
        name="postfix",
        title="Postfix",
        tree=CHECKOUT / ".peers" / "root",
        script=_SCRIPT,
        queued=_queued,
        copies=_copy,
        version=("postconf", "-d", "-h", "mail_version"),
        list_queue=("postqueue", "-p"),
        run_queue=("postqueue", "-f"),
        units=("postfix@-.service",),
    )


def _queued(spool: Path) -> int:
    return sum(path.is_file() for queue in _QUEUES for path in (spool / queue).rglob("*"))


def _copy(spool: Path, number: int) -> None:
    """A queue file does not know its id; one that is deferred is due at its modification time."""
    one = next(path for path in (spool / "deferred").rglob("*") if path.is_file())
    owner, due = one.stat(), time.time() + 86400
    for n in range(number):
        new = spool / "deferred" / "new"
        shutil.copyfile(one, new)
        os.chown(new, owner.st_uid, owner.st_gid)
        new.chmod(owner.st_mode & 0o777)
        os.utime(new, (due, due))
        name = f"{n % 2**20:05X}{new.stat().st_ino:X}"  # the microsecond, and the inode
        place = spool / "deferred" / name[0]
        if not place.exists():
            place.mkdir(mode=0o700)
            os.chown(place, owner.st_uid, owner.st_gid)
        new.rename(place / name)
