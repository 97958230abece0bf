"""A daemon that binds its own sockets, started as a person would: in front, or with `-bd`.

Each has a loopback address of its own, so tests run side by side on any port.

Touches: processes, sockets, disk, clock.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from tests.doubles import warm
from tests.doubles.daemon import DEADLINE, HOSTNAME, toml, wait_until

_NUMBER = itertools.count(os.getpid())
_RESERVED: list[socket.socket] = []  # for as long as this process lives


def own_network() -> str:
    """The first three numbers of a loopback network that no other test of this machine has.

    A name that only one socket can have says whose it is.
    """
    while True:
        number = next(_NUMBER)
        network = f"127.{64 + (number >> 8) % 64}.{number & 255}"
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            sock.bind(f"\0pymta tests: {network}")
        except OSError:
            sock.close()
            continue
        _RESERVED.append(sock)
        return network


class Standalone:
    """Directories, settings and processes of one daemon on its own sockets."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.directory = directory
        self.network = own_network()
        self.address = f"{self.network}.1"
        self.port = 2525
        self.state = directory / "state"
        self.config = directory / "pymta.toml"
        self.log_file = directory / "state" / "log"
        self.prefix: list[str] = []  # goes before the interpreter in `popen`
        self.said: Path | None = None  # what `popen` says on standard error, if not to a pipe
        self.is_cold = False  # started in earnest, see `warm`
        self.settings: dict[str, Any] = {
            "primary_hostname": HOSTNAME,
            "local_interfaces": [self.address],
            "daemon_smtp_ports": [self.port],
            "daemon_startup_retries": 0,
            "log_file_path": str(self.log_file),
        } | settings
        if "queue_run_interval" not in settings:
            self.settings.setdefault("queue_run", "timer")  # no run but those of the test
        self.write_settings()

    def write_settings(self, **changed: Any) -> None:
        self.settings |= changed
        lines = [f"{name} = {toml(value)}\n" for name, value in self.settings.items()]
        self.config.write_text("".join(lines))

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "STATE_DIRECTORY": str(self.state),
            "RUNTIME_DIRECTORY": str(self.directory / "run"),
        }

    def popen(
        self,
        *words: str,
        stdin: int = subprocess.DEVNULL,
        stderr: IO[bytes] | int = subprocess.PIPE,
    ) -> subprocess.Popen[str]:
        """`python -m` these words, in front; its standard error at hand, or where it is sent."""
        with ExitStack() as stack:
            if self.said:
                stderr = stack.enter_context(self.said.open("wb"))
            return warm.Popen(
                [*warm.GUARD, *self.prefix, sys.executable, "-P", "-m", *words],
                cold=self.is_cold,
                env=self.environment,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`python -m` these words, to their end."""
        return warm.run(
            [sys.executable, "-P", "-m", *words],
            cold=self.is_cold,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )

    @contextmanager
    def in_front(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """`pymta daemon`, or other words, until it serves; ended with SIGTERM."""
        words = words or ("pymta", "daemon", "--config", str(self.config))
        started = self.log().count("daemon started")
        with self.popen(*words) as process:
            try:
                wait_until(
                    lambda: (
                        self.log().count("daemon started") > started or process.poll() is not None
                    ),
                    "daemon started",
                )
                assert process.poll() is None, process.communicate()
                yield process
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=DEADLINE)
            finally:
                process.kill()

    def connect(self, port: int = 0) -> socket.socket:
        return socket.create_connection((self.address, port or self.port), timeout=DEADLINE)

    def greeting(self, port: int = 0) -> str:
        with self.connect(port) as sock:
            return sock.recv(1000).decode().removesuffix("\r\n")

    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""

    def wait_for_log(self, text: str, count: int = 1) -> None:
        wait_until(lambda: self.log().count(text) >= count, f"{count} x {text!r} in {self.log()}")

    def queued(self) -> list[str]:
        """The ids of all messages in the queue."""
        return sorted(path.name for path in (self.state / "spool" / "queue").glob("*"))

    def mail(self, name: str = "postmaster") -> list[bytes]:
        """The messages in new/ of a mailbox."""
        return [path.read_bytes() for path in (self.state / "mail" / name / "new").glob("*")]

    def family(self) -> list[int]:
        """All processes that belong to this daemon."""
        mark = f"STATE_DIRECTORY={self.state}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
        return found

    def end(self) -> None:
        for pid in self.family():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        with suppress(AssertionError):
            wait_until(lambda: not self.family(), "the end", deadline=5)
        for pid in self.family():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def standalone(**settings: Any) -> Iterator[Standalone]:
    """Nothing of it is left afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="pymta-"))
    directory.chmod(0o755)  # for daemons that are somebody else
    made = Standalone(directory, **settings)
    try:
        yield made
    finally:
        made.end()
        shutil.rmtree(directory, ignore_errors=True)


def status_of(pid: int, name: str) -> list[str]:
    """The words of a line of /proc/PID/status."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        key, _, words = line.partition(":")
        if key == name:
            return words.split()
    raise KeyError(name)
