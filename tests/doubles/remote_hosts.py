"""Other mail servers as remote hosts: Exim, Postfix and OpenSMTPD, with TLS of three makes.

Exim wants a login or a certificate, and puts off the first attempt for those whose name begins with
grey.  Postfix takes 8-bit mail, and on another port none.

Each runs in namespaces of its own like those of `relays`, but for the network.  That takes root.

Touches: processes, sockets, disk, clock.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.certificates import Certificate
from tests.doubles.peers import CHECKOUT, SECONDS_TO_START, accepts, free_port
from tests.doubles.relays import BEGIN

LOGIN, PASSWORD = "us", "rabbit"

_EXIM = r"""
mkdir -p /var/spool/exim4 /var/log/exim4 /etc/exim4
chown Debian-exim:Debian-exim /var/spool/exim4 /var/log/exim4
printf '%s' "$CA" >/etc/exim4/certificate.pem
printf '%s' "$KEY" >/etc/exim4/key.pem
printf '%s' "$CLIENT" >/etc/exim4/client.pem
chown Debian-exim /etc/exim4/*.pem
cat >/etc/exim4/exim4.conf <<CONF
primary_hostname = exim.test
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
host_lookup =
keep_environment =
local_interfaces = 127.0.0.1
daemon_smtp_ports = $PORT
tls_advertise_hosts = *
tls_certificate = /etc/exim4/certificate.pem
tls_privatekey = /etc/exim4/key.pem
auth_advertise_hosts = \${if def:tls_in_cipher {*}}
tls_try_verify_hosts = *
tls_verify_certificates = /etc/exim4/client.pem
acl_smtp_rcpt = rcpt
smtp_accept_max_per_connection = 3
begin acl
rcpt:
  defer local_parts = ^grey
        ! ratelimit = 1.5 / 1h / strict / \$sender_host_address-\$sender_address-\$local_part
        message = greylisted, try again later
  accept authenticated = *
  accept verify = certificate
begin routers
all:
  driver = accept
  transport = sink
begin transports
sink:
  driver = appendfile
  file = /var/spool/exim4/taken
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{\$auth2}{$LOGIN}}{eq{\$auth3}{$PASSWORD}}}}
  server_set_id = \$auth2
CONF
exec /usr/sbin/exim4 -bdf
"""


_POSTFIX = r"""
cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
[ -e /etc/postfix/postfix-files ] || cp "$ROOT/etc/postfix/postfix-files" /etc/postfix/
[ -e /etc/postfix/dynamicmaps.cf ] || echo '# none' >/etc/postfix/dynamicmaps.cf
mkdir -p /var/spool/postfix /var/lib/postfix /var/log/pf /var/taken
chown postfix:postfix /var/lib/postfix /var/taken
sed -i -E '/^smtp +inet/d; s/^([a-z][^ ]* +(unix|unix-dgram) +[-yn] +[-yn] +)[-y] /\1n /' \
    /etc/postfix/master.cf
grep -q '^postlog ' /etc/postfix/master.cf ||
    echo 'postlog unix-dgram n - n - 1 postlogd' >>/etc/postfix/master.cf
cat >>/etc/postfix/master.cf <<CONF
127.0.0.1:$PORT inet n - n - - smtpd
127.0.0.1:$PORT7 inet n - n - - smtpd
  -o smtpd_discard_ehlo_keywords=8bitmime,chunking,smtputf8
CONF
printf '%s' "$CA" >/etc/postfix/certificate.pem
printf '%s' "$KEY" >/etc/postfix/key.pem
cat >/etc/postfix/main.cf <<CONF
compatibility_level = 3.6
myhostname = postfix.test
mydestination =
inet_protocols = ipv4
maillog_file = /var/log/pf/log
smtpd_tls_security_level = may
smtpd_tls_cert_file = /etc/postfix/certificate.pem
smtpd_tls_key_file = /etc/postfix/key.pem
virtual_mailbox_domains = example.org
virtual_mailbox_base = /var/taken
virtual_mailbox_maps = static:all
virtual_minimum_uid = 100
virtual_uid_maps = static:$(id -u postfix)
virtual_gid_maps = static:$(id -g postfix)
CONF
touch /var/log/pf/log
chgrp postdrop /usr/sbin/postdrop /usr/sbin/postqueue
exec postfix start-fg
"""

_OPENSMTPD = r"""
mkdir -p /var/spool/smtpd /var/empty /var/lib/opensmtpd/empty
chmod 711 /var/spool/smtpd
printf '%s' "$CA" >/etc/certificate.pem
printf '%s' "$KEY" >/etc/key.pem
chmod 600 /etc/key.pem
cat >/etc/smtpd.conf <<CONF
pki mx.pymta.test cert "/etc/certificate.pem"
pki mx.pymta.test key "/etc/key.pem"
listen on 127.0.0.1 port $PORT tls pki mx.pymta.test hostname opensmtpd.test
action "keep" relay host "smtp://127.0.0.1:1"
match from any for any action "keep"
CONF
chmod 600 /etc/smtpd.conf
exec smtpd -d -f /etc/smtpd.conf
"""


@dataclass(frozen=True)
class Postfix:
    """Its ports on 127.0.0.1, `seven_bit` that where it takes no 8-bit mail."""

    port: int
    seven_bit: int
    _taken: Path

    def taken(self, subject: str) -> list[bytes]:
        """The messages with this subject that it has delivered, once there is one."""
        end = time.monotonic() + SECONDS_TO_START
        while True:
            text = self._taken.read_bytes() if self._taken.exists() else b""
            messages = [one.partition(b"\n")[2] for one in text.split(b"\nFrom ")]
            if found := [one for one in messages if f"\nSubject: {subject}\n".encode() in one]:
                return found
            if time.monotonic() > end:
                raise RuntimeError("Postfix has not delivered it")
            time.sleep(0.02)


@contextmanager
def exim(certificate: Certificate, client: Certificate, work: Path) -> Iterator[int]:
    """Its port on 127.0.0.1.  Whoever logs in, or shows the certificate `client`, may send whatever
    to whomever.
    """
    port = free_port()
    more = {"CLIENT": client.file.read_text(), "LOGIN": LOGIN, "PASSWORD": PASSWORD}
    with _server("exim", _EXIM, certificate, work, port, **more):
        yield port


@contextmanager
def postfix(certificate: Certificate, work: Path) -> Iterator[Postfix]:
    """It has mailboxes for everybody at example.org."""
    port, seven_bit = free_port(), free_port()
    with _server("root", _POSTFIX, certificate, work, port, PORT7=str(seven_bit)) as root:
        yield Postfix(port, seven_bit, root / "var" / "taken" / "all")


@contextmanager
def opensmtpd(certificate: Certificate, work: Path) -> Iterator[int]:
    """Its port on 127.0.0.1, where it takes everything."""
    port = free_port()
    with _server("opensmtpd", _OPENSMTPD, certificate, work, port):
        yield port


@contextmanager
def _server(
    tree: str, script: str, certificate: Certificate, work: Path, port: int, **more: str
) -> Iterator[Path]:
    """The root directory that it sees."""
    root = CHECKOUT / ".peers" / tree
    if not (root / "usr").is_dir():
        raise FileNotFoundError(f"{tree} is missing: run packaging/dev test, which fetches it")
    work.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [
            *("setpriv", "--pdeathsig", "KILL"),
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
            *("bash", "-c", BEGIN + script, tree),
        ],
        env={
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "ROOT": str(root),
            "WORK": str(work),
            "CA": certificate.file.read_text(),
            "KEY": certificate.key.read_text(),
            "PORT": str(port),
            "LANG": os.environ.get("LANG", "C"),
            **more,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + SECONDS_TO_START
        while not accepts(port):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the server of {tree} does not answer")
            time.sleep(0.02)
        yield Path("/proc", str(process.pid), "root")
    finally:
        # Exim is set-user-ID, and who executes such a program loses what --kill-child has set.
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in (
                Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            ):
                os.kill(int(child), signal.SIGKILL)
        process.kill()
        process.wait()
