"""Exim as a remote host: with TLS (Debian's has GnuTLS), logins, and all that it offers.

It runs in namespaces of its own like those of `relays`, but for the network.  That takes root.

Touches: processes, sockets, disk, clock.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def exim(certificate: Certificate, client: Certificate, work: Path) -> Iterator[int]:
    """Its port on 127.0.0.1.  Whoever logs in, or shows the certificate `client`, may send whatever
    to whomever.
    """
    root = CHECKOUT / ".peers" / "exim"
    if not (root / "usr").is_dir():
        raise FileNotFoundError("exim is missing: run packaging/dev test, which fetches it")
    work.mkdir(exist_ok=True)
    port = free_port()
    process = subprocess.Popen(
        [
            *("setpriv", "--pdeathsig", "KILL"),
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
            *("bash", "-c", BEGIN + _EXIM, "exim"),
        ],
        env={
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "ROOT": str(root),
            "WORK": str(work),
            "CA": certificate.file.read_text(),
            "KEY": certificate.key.read_text(),
            "CLIENT": client.file.read_text(),
            "PORT": str(port),
            "LOGIN": LOGIN,
            "PASSWORD": PASSWORD,
            "LANG": os.environ.get("LANG", "C"),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + SECONDS_TO_START
        while not accepts(port):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("Exim does not answer")
            time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait()
