"""OpenSMTPD as it is measured: of Debian, with two things that it does not ship.

It asks the kernel for a backlog of five connections, and so loses calls when many come at once; a
preloaded listen(2) asks for 512, as the others have it.  It waits for seconds between connections
to one host; here it does not.

It syncs neither its queue nor the Maildirs, so its figures stand beside ours, not against them.  It
has no limit of connections that is told with 421.

Touches: disk.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.bench.peer import Peer
from tests.doubles.peers import CHECKOUT

_SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
int listen(int fd, int backlog)
{
    int (*real)(int, int) = (int (*)(int, int))dlsym(RTLD_NEXT, "listen");
    return real(fd, backlog < 512 ? 512 : backlog);
}
"""

_SCRIPT = r"""
add_user opensmtpd 5104
add_user opensmtpq 5105
on_disk spool /var/spool/smtpd root
on_disk log /var/log/os root
on_disk mail /var/vmail vmail
mkdir -p /var/empty /var/lib/opensmtpd/empty
chmod 711 /var/spool/smtpd
chgrp opensmtpq /usr/sbin/smtpctl
chmod 2555 /usr/sbin/smtpctl
if [ "$SYSTEM_USERS" = true ]; then
    local='maildir "~/Maildir"'
else
    local='maildir "/var/vmail/%{dest.user:lowercase}" virtual <vusers>'
fi
users 'user&@example.test vmail' >/etc/vusers
cat >/etc/smtpd.conf <<CONF
queue ttl 4d
smtp max-message-size "50M"
smtp limit max-mails 100000
smtp limit max-rcpt 100000
mta limit conn-delay-route 0 conn-delay-relay 0 reconn-delay-route 0 \
    max-conn-per-route 20 max-conn-per-host 20
table vusers file:/etc/vusers
listen on 127.0.0.1 port $PORT hostname opensmtpd.test
action "local" $local
action "relay" relay host smtp://127.0.0.1:$SINK_PORT
match from any for domain "example.test" action "local"
match from any for domain "sink.test" action "relay"
CONF
chmod 600 /etc/smtpd.conf
echo "$SHIM" >/run/shim.c
gcc -shared -fPIC -O2 -o /run/shim.so /run/shim.c
if [ "$QUEUE_ONLY" = true ]; then
    (until smtpctl pause mta && smtpctl pause mda; do sleep 0.1; done) 2>/dev/null &
fi
serve env LD_PRELOAD=/run/shim.so smtpd -d -f /etc/smtpd.conf
"""

# A smarthost that was down is left alone for a while, whatever an operator wants of the messages.
_RUN = "smtpctl show routes | cut -d. -f1 | xargs -r -n1 smtpctl resume route; smtpctl schedule all"


def opensmtpd() -> Peer:
    return Peer(
        name="opensmtpd",
        title="OpenSMTPD",
        tree=CHECKOUT / ".peers" / "opensmtpd",
        script=_SCRIPT,
        queued=_queued,
        copies=_copy,
        version=("sh", "-c", "smtpd -h 2>&1 | sed -n 's/^version: *//p'"),
        list_queue=("smtpctl", "show", "queue"),
        run_queue=("sh", "-c", _RUN),
        units=("opensmtpd.service",),
        variables={"SHIM": _SHIM},
        lacks={"refuse": "has no limit that is told with 421"},
    )


def _queued(spool: Path) -> int:
    envelopes = (path for path in (spool / "queue").rglob("*") if path.name != "message")
    return sum(path.is_file() for path in envelopes)


def _copy(spool: Path, number: int) -> None:
    """A message is a directory, named by 32 bits, in one named by the first eight of them."""
    one = next((spool / "queue").glob("*/*"))
    owner = one.stat()
    for n in range(number):
        message = f"{(n * 2654435761 + 1) % 2**32:08x}"
        copy = spool / "queue" / message[:2] / message
        for directory in (copy.parent, copy):
            if not directory.exists():
                directory.mkdir(mode=0o700)
                os.chown(directory, owner.st_uid, owner.st_gid)
        for file in one.iterdir():
            made = copy / file.name.replace(one.name, message, 1)
            shutil.copyfile(file, made)
            made.chmod(0o600)
            os.chown(made, owner.st_uid, owner.st_gid)
