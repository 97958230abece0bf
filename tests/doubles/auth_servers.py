"""Programs that are asked about logins: a real Dovecot, a real saslauthd, and one that is rude.

Touches: processes, sockets, disk, clock, threads.
"""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.doubles.peers import ROOT, SECONDS_TO_START, command

_ANY_DOVECOT = """
base_dir = {place}/base
state_dir = {place}/state
libexec_dir = {root}/usr/lib/dovecot
import_environment = LD_LIBRARY_PATH={libraries}
log_path = {place}/log
ssl = no
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""
_DOVECOT = """
protocols =
auth_mechanisms = {mechanisms}
auth_failure_delay = 0
disable_plaintext_auth = no
passdb {{
  driver = passwd-file
  args = username_format=%u {passwords}
}}
service auth {{
  user = root
  unix_listener auth-client {{
    mode = 0666
  }}
}}
"""
_PAM = "auth required pam_unix.so nodelay\naccount required pam_permit.so\n"


@contextmanager
def dovecot(
    passwords: Path, mechanisms: str = "plain login scram-sha-256 cram-md5 anonymous"
) -> Iterator[Path]:
    """The socket of a Dovecot that reads a passwd-file.  Only root can run one."""
    with _short_place() as place, _dovecot(place, passwords, mechanisms) as path:
        yield path


@contextmanager
def _short_place() -> Iterator[Path]:
    """Of a directory with the name of a test in it, a socket's name may be too long."""
    with tempfile.TemporaryDirectory(prefix="auth") as name:
        yield Path(name)


@contextmanager
def _dovecot(place: Path, passwords: Path, mechanisms: str) -> Iterator[Path]:
    path = place / "base" / "auth-client"
    text = _DOVECOT.format(mechanisms=mechanisms, passwords=passwords)
    with any_dovecot(place, text, lambda: _greets(path)):
        yield path


@contextmanager
def any_dovecot(place: Path, text: str, is_up: Callable[[], bool]) -> Iterator[None]:
    """One with these settings, behind those that each of ours needs; it lives in `place`."""
    for name in ("base", "state"):
        (place / name).mkdir(parents=True, exist_ok=True)
    file = place / "dovecot.conf"
    words = command("doveconf", "-c", str(file), "-f", "service=master", "-m", "master")
    library = f"{ROOT}/usr/lib/dovecot/modules/old-stats"
    libraries = f"{words[1].partition('=')[2]}:{library}"
    file.write_text(_ANY_DOVECOT.format(place=place, root=ROOT, libraries=libraries) + text)
    words[1] = f"LD_LIBRARY_PATH={libraries}"
    # It looks for doveconf where Debian installs it; so doveconf starts it.
    master = [f"{ROOT}/usr/sbin/dovecot", "-F", "-c", str(file)]
    # It looks for plug-ins there, too, whatever it is told; so they are there, for it alone.
    (place / "lib").mkdir(exist_ok=True)
    link = place / "lib" / "dovecot"
    if not link.is_symlink():
        link.symlink_to(f"{ROOT}/usr/lib/dovecot")
    options = f"lowerdir={place}/lib:/usr/lib"
    script = f'mount -t overlay store -o {options} /usr/lib && exec "$@"'
    with _running(["unshare", "-m", "sh", "-c", script, "sh", *words, "-e", *master]) as process:
        _wait(process, is_up)
        yield


@contextmanager
def saslauthd(accounts: str) -> Iterator[Path]:
    """The socket of a saslauthd that asks PAM, for which `accounts` are lines of passwd(5).

    It has a /etc/passwd and a /etc/pam.d of its own, which only root can make.
    """
    with _short_place() as place, _saslauthd(place, accounts) as path:
        yield path


@contextmanager
def _saslauthd(place: Path, accounts: str) -> Iterator[Path]:
    (place / "pam.d").mkdir(parents=True)
    (place / "mux").mkdir()
    (place / "pam.d" / "smtp").write_text(_PAM)
    (place / "passwd").write_text(f"{Path('/etc/passwd').read_text()}{accounts}")
    script = (
        "mount --make-rprivate / && mount --bind $0/passwd /etc/passwd"
        ' && mount --bind $0/pam.d /etc/pam.d && exec "$@"'
    )
    server = command("saslauthd", "-d", "-n", "1", "-a", "pam", "-m", str(place / "mux"))
    path = place / "mux" / "mux"
    with _running(["unshare", "-m", "sh", "-c", script, str(place), *server]) as process:
        _wait(process, path.exists)
        yield path


Deed = Callable[[socket.socket], object]


@contextmanager
def rude(path: Path, *deeds: Deed) -> Iterator[Path]:
    """A server of ours that does one deed with each connection, in order, and hangs up."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen(8)
    thread = threading.Thread(target=_serve, args=(server, deeds), daemon=True)
    thread.start()
    try:
        yield path
    finally:
        server.shutdown(socket.SHUT_RDWR)  # who waits for a call waits no longer
        thread.join(SECONDS_TO_START)
        server.close()


def _serve(server: socket.socket, deeds: tuple[Deed, ...]) -> None:
    for deed in deeds:
        try:
            conn, _ = server.accept()
        except OSError:
            return
        with conn, suppress(OSError):
            deed(conn)


@contextmanager
def _running(words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,  # both end with their whole process group
    )
    try:
        yield process
    finally:
        process.terminate()  # it has children, and takes them along
        process.wait()


def _wait(process: subprocess.Popen[bytes], is_up: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while not is_up():
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended at once with status {process.returncode}")
        if time.monotonic() > end:
            raise TimeoutError(f"{process.args!r} does not answer after {SECONDS_TO_START:.0f} s")
        time.sleep(0.02)


def _greets(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(SECONDS_TO_START)
        try:
            sock.connect(str(path))
            sock.sendall(f"VERSION\t1\t2\nCPID\t{os.getpid()}\n".encode())
            return sock.recv(1) != b""
        except OSError:
            return False
