"""A real PostgreSQL and a real OpenLDAP, each on a socket in a directory of its own.

They are unpacked in `.peers/databases` by `packaging/dev test`, not installed.  PostgreSQL does not
run as root, so it is somebody else, in a user namespace of its own.

Touches: processes, sockets, disk, clock.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import psycopg

from tests.doubles.certificates import Certificate
from tests.doubles.peers import CHECKOUT, free_port

ROOT = CHECKOUT / ".peers" / "databases"
SECONDS_TO_START = 60.0

ROLE = "pymta"
_SOMEBODY = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
# The kernel ends it when we are killed: nothing may outlive a test run.
_DIES = ("setpriv", "--pdeathsig", "KILL")
_CLUSTER = f"--no-sync --no-instructions --no-locale -E UTF8 -A trust -U {ROLE}".split()
_SERVING = "-c listen_addresses= -c fsync=off -c shared_buffers=1MB -c autovacuum=off".split()

SUFFIX = "dc=example,dc=org"
READER, PASSWORD = f"cn=reader,{SUFFIX}", "rabbit"
_SLAPD_TLS = """\
TLSCertificateFile {file}
TLSCertificateKeyFile {key}
"""
_SLAPD = f"""\
include {{root}}/etc/ldap/schema/core.schema
include {{root}}/etc/ldap/schema/cosine.schema
include {{root}}/etc/ldap/schema/inetorgperson.schema
pidfile {{place}}/pid
{{tls}}
database ldif
suffix "{SUFFIX}"
rootdn "{READER}"
rootpw {PASSWORD}
directory {{place}}/entries
access to * by anonymous auth by * none
"""


class Server:
    """It can be stopped, and started anew.  `path` is that of its socket."""

    def __init__(self, words: Sequence[str], path: Path) -> None:
        self.path = path
        self._words = words
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
        end = time.monotonic() + SECONDS_TO_START
        while not self._is_up():
            assert self._process.poll() is None, f"{self._words} ended at once"
            assert time.monotonic() < end, f"{self._words} does not answer"
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(SECONDS_TO_START)
            self._process = None

    def _is_up(self) -> bool:
        with socket.socket(socket.AF_UNIX) as sock:
            return sock.connect_ex(str(self.path)) == 0


class Postgresql(Server):
    """Its only database is that of the role, who may do everything."""

    @property
    def reached(self) -> str:
        """As the setting `server` wants it."""
        return f"host={self.path.parent} dbname=postgres user={ROLE}"

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self.reached, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def _is_up(self) -> bool:
        try:
            psycopg.connect(self.reached).close()
        except psycopg.OperationalError:
            return False
        return True


class Openldap(Server):
    """Its files are in `place`; over TLS it shows `certificate`, where there is one."""

    def __init__(self, place: Path, certificate: Certificate | None = None) -> None:
        self.port, self.tls_port = free_port(), free_port()
        tls = certificate and _SLAPD_TLS.format(file=certificate.file, key=certificate.key)
        config = place / "slapd.conf"
        config.write_text(_SLAPD.format(root=ROOT, place=place, tls=tls or ""))
        self._words_of_slapd = (str(ROOT / "usr/sbin/slapd"), "-f", str(config))
        places = [socket_uri(place / "ldapi")]
        if tls:
            places += [f"ldap://127.0.0.1:{self.port}", f"ldaps://127.0.0.1:{self.tls_port}"]
        words = (*_DIES, *self._words_of_slapd, "-d", "0", "-h", " ".join(places))
        super().__init__(words, place / "ldapi")

    @property
    def reached(self) -> str:
        """As the setting `server` wants it."""
        return socket_uri(self.path)

    def fill(self, entries: Path) -> None:
        """With a file of LDIF, before it is started, as slapadd(8)."""
        words = (*self._words_of_slapd[:1], "-Ta", *self._words_of_slapd[1:], "-l", str(entries))
        subprocess.run(words, env=_environment(), check=True)


def socket_uri(path: Path) -> str:
    return f"ldapi://{quote(str(path), safe='')}"


@contextmanager
def postgresql() -> Iterator[Postgresql]:
    """Started; nothing is in it."""
    binaries = next(ROOT.glob("usr/lib/postgresql/*/bin"))
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        data = f"{name}/data"
        words = (*_SOMEBODY, f"{binaries}/initdb", *_CLUSTER, data)
        subprocess.run(words, stdout=subprocess.DEVNULL, env=_environment(), check=True)
        words = (f"{binaries}/postgres", "-D", data, "-k", name, *_SERVING)
        with _started(Postgresql((*_SOMEBODY, *_DIES, *words), Path(name, ".s.PGSQL.5432"))) as it:
            yield it


@contextmanager
def openldap(entries: str, certificate: Certificate | None = None) -> Iterator[Openldap]:
    """Started, with these in LDIF, which READER may see."""
    with tempfile.TemporaryDirectory(prefix="ldap") as name:
        place = Path(name)
        (place / "entries").mkdir()
        (place / "ldif").write_text(entries)
        server = Openldap(place, certificate)
        server.fill(place / "ldif")
        with _started(server):
            yield server


S = TypeVar("S", bound=Server)


@contextmanager
def _started(server: S) -> Iterator[S]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _environment() -> dict[str, str]:
    """With the libraries that they came with."""
    library = ROOT / "usr" / "lib"
    triplet = sysconfig.get_config_var("MULTIARCH") or f"{os.uname().machine}-linux-gnu"
    return os.environ | {"LD_LIBRARY_PATH": f"{library / triplet}:{library}"}
