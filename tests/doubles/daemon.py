"""A real pymta daemon of a test's own, on sockets that the test made, with its log at hand.

The listening socket is made by the test and handed in as systemd would (LISTEN_FDS), so its port
is free beyond doubt and tests run side by side.

Touches: processes, sockets, disk, clock.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP as SMTP_LINES
from pathlib import Path
from typing import Any

from tests.doubles import warm

DEADLINE = 30.0  # seconds that anything may take on a busy machine
HOSTNAME = "mx.pymta.test"


def wait_until(
    is_so: Callable[[], object], what: str | Callable[[], str], deadline: float = DEADLINE
) -> None:
    """Look again and again until it is so; fail after `deadline` seconds, saying what was not."""
    end = time.monotonic() + deadline
    while not is_so():
        if time.monotonic() > end:
            text = what if isinstance(what, str) else what()
            raise AssertionError(f"not within {deadline:.0f} s: {text}")
        time.sleep(0.01)


def command(*arguments: str) -> list[str]:
    """`pymta` with these arguments, run by this interpreter."""
    return [sys.executable, "-P", "-m", "pymta", *arguments]


class Daemon:
    """One daemon: its files below `directory`, its settings, its process."""

    def __init__(self, directory: Path, socket_name: str = "smtp", **settings: Any) -> None:
        self.directory = directory
        self.socket_name = socket_name
        self.state = directory / "state"
        self.config = directory / "pymta.toml"
        self.error_log = directory / "log"
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(512)
        self.port: int = self._socket.getsockname()[1]
        self.more_sockets: list[tuple[str, socket.socket]] = []  # handed in too, by name
        self._process: subprocess.Popen[bytes] | None = None
        self.interpreter = sys.executable
        self.is_cold = False  # started in earnest, see `warm`
        self.extra_environment: dict[str, str] = {}
        self.settings: dict[str, Any] = {
            "primary_hostname": HOSTNAME,
            "local_parts": ["postmaster", "user", "alice", "bob"],
            "smtp_accept_max": 200,
            "alias_file": [],
        } | settings
        if "queue_run_interval" not in settings:
            self.settings.setdefault("queue_run", "timer")  # no run but those of the test
        for made in (self.state, directory / "run"):
            made.mkdir(exist_ok=True)
        self.write_settings()

    def listen_on(self, sock: socket.socket) -> None:
        """Before the start: hand in this socket instead."""
        self._socket.close()
        self._socket = sock
        self.port = sock.getsockname()[1]

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

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self, deadline: float = DEADLINE) -> None:
        """Start it and wait until it serves."""
        sockets = [(self.socket_name, self._socket), *self.more_sockets]
        started = self.log().count("daemon started")
        program = command("daemon", "--config", str(self.config))[1:]
        with self.error_log.open("ab") as log:
            self._process = warm.Popen(
                [*warm.GUARD, self.interpreter, *program],
                cold=self.is_cold,
                handed_in=[(name, sock.fileno()) for name, sock in sockets],
                env=self.environment | self.extra_environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(
            lambda: self.log().count("daemon started") > started or not self.is_alive(),
            lambda: f"daemon started: {self.log()}",
            deadline,
        )
        assert self.is_alive(), self.log()

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def send_signal(self, number: int) -> None:
        assert self._process
        self._process.send_signal(number)

    def pause(self) -> None:
        """Stop the supervisor where it is; what clients send waits in the kernel."""
        self.send_signal(signal.SIGSTOP)
        wait_until(lambda: Path(f"/proc/{self.pid}/stat").read_text().split()[2] == "T", "stopped")

    def resume(self) -> None:
        self.send_signal(signal.SIGCONT)

    def wait_for_end(self, deadline: float = DEADLINE) -> int:
        assert self._process
        return self._process.wait(deadline)

    def stop(self) -> int:
        """SIGTERM, and its exit status."""
        if not self.is_alive():
            return 0
        self.send_signal(signal.SIGTERM)
        return self.wait_for_end()

    def kill(self) -> None:
        """kill -9 of the supervisor alone; its children are on their own."""
        self.send_signal(signal.SIGKILL)
        self.wait_for_end()

    def close(self) -> None:
        """End everything that came of it."""
        if self.is_alive():
            self.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.wait_for_end(5)
        for pid in self.family():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.is_alive():
            self.kill()
        self._socket.close()
        for _, sock in self.more_sockets:
            sock.close()

    def family(self) -> list[int]:
        """All processes that belong to this daemon, also those whose parent has died."""
        mark = f"STATE_DIRECTORY={self.state}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
        return [pid for pid in found if pid != os.getpid()]

    def control(self) -> socket.socket:
        """A connection to its control socket."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.settimeout(DEADLINE)
        sock.connect(str(self.directory / "run" / "control"))
        return sock

    def ask(self, request: str) -> str:
        """The answer, in a packet, to one request on the control socket."""
        with self.control() as sock:
            with suppress(BrokenPipeError):  # a refusal does not wait for the request
                sock.send(request.encode())
            try:
                return sock.recv(65536).decode()
            except ConnectionResetError:  # likewise; it comes behind this
                return sock.recv(65536).decode()

    def status(self) -> str:
        """What the daemon says of itself."""
        return self.ask("status")

    def wait_for_idle(self) -> None:
        """Until no connection is being served; workers may wait for the next."""
        wait_until(lambda: re.search(r"; 0(/\d+)? connections", self.status()), self.status)

    def wait_for_sessions(self, number: int) -> None:
        wait_until(lambda: f"; {number}/" in self.status(), self.status)

    def run(self, *arguments: str, timeout: float = DEADLINE) -> subprocess.CompletedProcess[str]:
        """Run a `pymta` command against this daemon's directories."""
        return warm.run(
            command(*arguments),
            cold=self.is_cold,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def log(self) -> str:
        return self.error_log.read_text() if self.error_log.exists() else ""

    def wait_for_log(self, pattern: str, count: int = 1) -> list[str]:
        """Wait until `count` log lines match, and return them."""
        wanted = re.compile(pattern)

        def matching() -> list[str]:
            return [line for line in self.log().splitlines() if wanted.search(line)]

        wait_until(
            lambda: len(matching()) >= count, lambda: f"{count} x {pattern!r} in\n{self.log()}"
        )
        return matching()

    def mailbox(self, name: str) -> list[bytes]:
        """The messages in new/ of a mailbox."""
        return [path.read_bytes() for path in (self.state / "mail" / name / "new").glob("*")]

    def wait_for_mail(self, name: str, count: int = 1) -> list[bytes]:
        wait_until(
            lambda: len(self.mailbox(name)) >= count,
            lambda: f"{count} messages for {name}:\n{self.log()}",
        )
        return self.mailbox(name)

    def queued(self) -> list[str]:
        """The ids of all messages in the queue."""
        return sorted(path.name for path in (self.state / "spool" / "queue").glob("*"))

    def wait_for_empty_queue(self) -> None:
        wait_until(lambda: not self.queued(), lambda: f"an empty queue:\n{self.log()}")

    def connect(self, timeout: float = DEADLINE) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.port, "client.test", timeout=timeout)

    def raw(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE)

    def send(
        self,
        to: str,
        subject: str = "hello",
        sender: str = "sender@client.test",
        body: str = "hi\n",
    ) -> str:
        """Send one message and return its id."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender or "<>", to, subject
        message.set_content(body)
        with self.connect() as client:
            client.ehlo_or_helo_if_needed()
            for code, text in (client.mail(sender), client.rcpt(to)):
                assert code == 250, (code, text)
            code, text = client.data(message.as_bytes(policy=SMTP_LINES))
        assert code == 250, (code, text)
        return text.decode().rpartition("id=")[2]


def toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case list() | tuple():
            return "[" + ", ".join(map(toml, value)) + "]"
        case dict():
            return "{ " + ", ".join(f'"{k}" = {toml(v)}' for k, v in value.items()) + " }"
    return str(value)


@contextmanager
def daemon(socket_name: str = "smtp", **settings: Any) -> Iterator[Daemon]:
    """A started daemon; nothing of it is left afterwards.

    `socket_name` is what systemd calls its socket (FileDescriptorName).
    """
    with _made(socket_name, settings) as made:
        made.start()
        yield made


@contextmanager
def daemon_after(prepare: Callable[[Daemon], object], **settings: Any) -> Iterator[Daemon]:
    """Likewise, when its directory has been prepared for it."""
    with _made("smtp", settings) as made:
        prepare(made)
        made.start()
        yield made


@contextmanager
def _made(socket_name: str, settings: dict[str, Any]) -> Iterator[Daemon]:
    """Its directory lies directly below the temporary one: paths of sockets must be short."""
    directory = Path(tempfile.mkdtemp(prefix="pymta-"))
    made = Daemon(directory, socket_name, **settings)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(directory, ignore_errors=True)
