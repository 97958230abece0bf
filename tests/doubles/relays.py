"""Other mail servers as clients: a message of theirs, on its way to a daemon of ours.

Postfix, Exim and OpenSMTPD are unpacked in `.peers` by `packaging/dev test`.  Each runs in
namespaces of its own, for mounts and processes, on overlays of its tree and the machine's: nothing
is installed, nothing listens, and nothing is left.  That takes root.

Touches: processes, disk.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.certificates import Certificate
from tests.doubles.peers import CHECKOUT

SECONDS = 60
SENDER = "someone@peer.test"

BEGIN = r"""
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$WORK"
for d in usr etc var; do
    mkdir -p "$ROOT/$d" "$WORK/$d" "$WORK/$d.work"
    mount -t overlay overlay \
        -o "lowerdir=$ROOT/$d:/$d,upperdir=$WORK/$d,workdir=$WORK/$d.work" "/$d"
done
mount -t tmpfs -o mode=755 tmpfs /run
printf '%s' "$CA" >/etc/ssl/certs/ca-certificates.crt
printf '%s' "$CA" >/etc/ssl/cert.pem
printf '127.0.0.1 localhost mx.pymta.test\n' >/etc/hosts
printf 'lookup file\nnameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >/etc/resolv.conf
number=5100
for user in postfix Debian-exim opensmtpd opensmtpq; do
    number=$((number + 1))
    echo "$user:x:$number:" >>/etc/group
    echo "$user:x:$number:$number::/nonexistent:/usr/sbin/nologin" >>/etc/passwd
done
echo "postdrop:x:5200:" >>/etc/group
message() { printf 'From: <%s>\nTo: <%s>\nSubject: by %s\n\nhello\n' "$FROM" "$TO" "$0"; }
until_told() { for _ in $(seq 400); do ! grep -qE "$1" "$2" || break; sleep 0.1; done; cat "$2"; }
"""

_POSTFIX = r"""
cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
[ -e /etc/postfix/postfix-files ] || cp "$ROOT/etc/postfix/postfix-files" /etc/postfix/
[ -e /etc/postfix/dynamicmaps.cf ] || echo '# none' >/etc/postfix/dynamicmaps.cf
mkdir -p /var/spool/postfix /var/lib/postfix /var/log/pf
chown postfix:postfix /var/lib/postfix
sed -i -E '/^smtp +inet/d; s/^([a-z][^ ]* +(unix|unix-dgram) +[-yn] +[-yn] +)[-y] /\1n /' \
    /etc/postfix/master.cf
grep -q '^postlog ' /etc/postfix/master.cf ||
    echo 'postlog unix-dgram n - n - 1 postlogd' >>/etc/postfix/master.cf
cat >/etc/postfix/main.cf <<CONF
compatibility_level = 3.6
myhostname = postfix.test
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
maillog_file = /var/log/pf/log
smtp_host_lookup = native
disable_dns_lookups = yes
relayhost = [mx.pymta.test]:$PORT
smtp_tls_security_level = secure
smtp_tls_secure_cert_match = hostname
smtp_tls_CAfile = /etc/ssl/cert.pem
smtp_tls_wrappermode = $WRAPPED
smtp_tls_loglevel = 1
smtp_tls_servername = hostname
CONF
touch /var/log/pf/log
chgrp postdrop /usr/sbin/postdrop /usr/sbin/postqueue
postfix start-fg >/dev/null 2>&1 &
for _ in $(seq 200); do [ ! -S /var/spool/postfix/public/pickup ] || break; sleep 0.05; done
message | sendmail $OPTIONS -f "$FROM" "$TO"
until_told 'status=|fatal:' /var/log/pf/log
"""

_EXIM = r"""
mkdir -p /var/spool/exim4 /var/log/exim4 /etc/exim4
chown Debian-exim:Debian-exim /var/spool/exim4 /var/log/exim4
cat >/etc/exim4/exim4.conf <<CONF
primary_hostname = exim.test
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
log_selector = +tls_peerdn +tls_sni
host_lookup =
keep_environment =
begin routers
all:
  driver = manualroute
  transport = out
  route_list = * "mx.pymta.test::$PORT" byname
  self = send
begin transports
out:
  driver = smtp
  protocol = $EXIM_PROTOCOL
  hosts_require_tls = *
  tls_verify_hosts = *
  tls_verify_cert_hostnames = *
  tls_verify_certificates = /etc/ssl/cert.pem
  tls_sni = mx.pymta.test
CONF
message | /usr/sbin/exim4 -odi -f "$FROM" "$TO"
cat /var/log/exim4/mainlog
"""

_OPENSMTPD = r"""
mkdir -p /var/spool/smtpd /var/empty /var/lib/opensmtpd/empty
chmod 711 /var/spool/smtpd
chgrp opensmtpq /usr/sbin/smtpctl
chmod 2555 /usr/sbin/smtpctl
cat >/etc/smtpd.conf <<CONF
action "out" relay host $SMTPD_SCHEME://mx.pymta.test:$PORT helo "opensmtpd.test"
match from local for any action "out"
CONF
chmod 600 /etc/smtpd.conf
smtpd -d -f /etc/smtpd.conf >/run/log 2>&1 &
for _ in $(seq 200); do [ ! -S /run/smtpd.sock ] || break; sleep 0.05; done
message | sendmail -f "$FROM" "$TO" || true
until_told 'delivery .* result=|fatal' /run/log
"""
_SCRIPTS = {"postfix": ("root", _POSTFIX), "exim": ("exim", _EXIM)}
_SCRIPTS["opensmtpd"] = ("opensmtpd", _OPENSMTPD)
NAMES = tuple(_SCRIPTS)


@dataclass(frozen=True)
class Relayed:
    """What the other server says of it."""

    status: int
    log: str


def relay(
    name: str,
    to: str,
    port: int,
    trusted: Certificate,
    work: Path,
    *,
    tls_on_connect: bool,
    options: str = "",
) -> Relayed:
    """Have one of NAMES send a message to port `port` of this machine, which it calls
    mx.pymta.test, and whose certificate it must find good; `trusted` is all that it trusts.

    `options` are of the sendmail of Postfix.
    """
    tree, script = _SCRIPTS[name]
    root = CHECKOUT / ".peers" / tree
    if not (root / "usr").is_dir():
        raise FileNotFoundError(f"{name} is missing: run packaging/dev test, which fetches it")
    work.mkdir(exist_ok=True)
    done = subprocess.run(
        [
            *("setpriv", "--pdeathsig", "KILL"),
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
            *("bash", "-c", BEGIN + script, name),
        ],
        env={
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "ROOT": str(root),
            "WORK": str(work),
            "CA": trusted.file.read_text(),
            "PORT": str(port),
            "FROM": SENDER,
            "TO": to,
            "OPTIONS": options,
            "WRAPPED": "yes" if tls_on_connect else "no",
            "EXIM_PROTOCOL": "smtps" if tls_on_connect else "smtp",
            "SMTPD_SCHEME": "smtps" if tls_on_connect else "smtp+tls",
            "LANG": os.environ.get("LANG", "C"),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Relayed(done.returncode, done.stdout)
