"""Real counterparts: a DNS server, a remote mail host, and clients that are not ours.

They are unpacked in `.peers` by `packaging/dev test`, not installed; swaks alone is, since it
serves nothing.  A test that wants one and finds none fails: it must not pass by being skipped.

Touches: processes, sockets, disk, clock.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode

CHECKOUT = Path(__file__).parents[2]
ROOT = CHECKOUT / ".peers" / "root"
SECONDS_TO_START = 20.0
APEX = "@ SOA ns.invalid. root.invalid. 1 60 60 60 1\n@ NS ns.invalid."


def program(name: str) -> str:
    """The path of `knotd`, `smtp-sink`, `smtp-source`, `swaks`, `doveadm`, …"""
    unpacked = [ROOT / "usr" / place / name for place in ("sbin", "bin", "lib/dovecot")]
    found = next((str(path) for path in unpacked if path.exists()), shutil.which(name))
    if not found:
        raise FileNotFoundError(f"{name} is missing: run packaging/dev test, which fetches it")
    return found


def command(name: str, *arguments: str) -> list[str]:
    """The words that run a program with the libraries it came with."""
    library = ROOT / "usr" / "lib"
    triplet = sysconfig.get_config_var("MULTIARCH") or f"{os.uname().machine}-linux-gnu"
    places = ":".join(
        map(str, (library / "postfix", library / "dovecot", library / triplet, library))
    )
    return ["env", f"LD_LIBRARY_PATH={places}", program(name), *arguments]


def run(name: str, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a client to its end; stdout and stderr together in `.stdout`."""
    return subprocess.run(
        command(name, *arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses at this moment, neither by TCP nor by UDP."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        ):
            tcp.bind(("127.0.0.1", 0))
            with suppress(OSError):  # taken by UDP: try another
                udp.bind(tcp.getsockname())
                return int(tcp.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Sink:
    """A remote host that takes every message; each becomes one file in `directory`."""

    port: int
    directory: Path

    def messages(self) -> list[bytes]:
        """As received, with smtp-sink's own X- lines on top; the oldest first."""
        files = sorted(self.directory.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return [path.read_bytes() for path in files]


@contextmanager
def smtp_sink(directory: Path, *options: str, port: int = 0) -> Iterator[Sink]:
    """A running smtp-sink on 127.0.0.1.  `options` are its own, e.g. "-f", "RCPT"."""
    sink = Sink(port or free_port(), directory)
    directory.mkdir(parents=True, exist_ok=True)
    user = ["-u", "root"] if os.geteuid() == 0 else []  # it asks for one, and must write here
    dump = ["-d", f"{directory}/%s."]
    with _running("smtp-sink", *user, *dump, *options, f"127.0.0.1:{sink.port}", "100") as process:
        _wait(process, lambda: accepts(sink.port))
        yield sink


@dataclass(frozen=True, slots=True)
class NameServer:
    port: int

    @property
    def address(self) -> str:
        """As the setting `dns_servers` wants it."""
        return f"127.0.0.1:{self.port}"


@contextmanager
def name_server(
    directory: Path, zones: Mapping[str, str], *, port: int = 0
) -> Iterator[NameServer]:
    """A running Knot DNS.  `zones` is zone name to records in zone file form, without the SOA."""
    server = NameServer(port or free_port())
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in knot_files(str(directory), zones, f"127.0.0.1@{server.port}").items():
        (directory / name).write_text(text)
    with _running("knotd", "--config", f"{directory}/knot.conf") as process:
        _wait(process, lambda: all(_serves(zone, server.port) for zone in zones))
        yield server


def knot_files(directory: str, zones: Mapping[str, str], listen: str) -> dict[str, str]:
    """What Knot reads from `directory`: name to text."""
    files = {
        f"{zone}.zone": "\n".join((f"$ORIGIN {zone}.", "$TTL 60", APEX, records, ""))
        for zone, records in zones.items()
    }
    lines = [
        "server:",
        f"  rundir: {directory}",
        f"  listen: {listen}",
        "database:",
        f"  storage: {directory}",
        "zone:",
        *(f"  - domain: {zone}\n    storage: {directory}\n    file: {zone}.zone" for zone in zones),
        "",
    ]
    return files | {"knot.conf": "\n".join(lines)}


@contextmanager
def running(name: str, *arguments: str, port: int, address: str = "127.0.0.1") -> Iterator[None]:
    """A server that runs while the block lasts, and listens on this port."""
    with _running(name, *arguments) as process:
        _wait(process, lambda: accepts(port, address))
        yield


@contextmanager
def _running(name: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    # The kernel ends it when we are killed: nothing may outlive a test run.
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *command(name, *arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], is_up: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while not is_up():
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended at once with status {process.returncode}")
        if time.monotonic() > end:
            raise TimeoutError(f"{process.args!r} does not answer after {SECONDS_TO_START:.0f} s")
        time.sleep(0.02)


def accepts(port: int, address: str = "127.0.0.1") -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def _serves(zone: str, port: int) -> bool:
    question = dns.message.make_query(zone, "SOA")
    try:
        answer = dns.query.udp(question, "127.0.0.1", port=port, timeout=0.5)
    except (OSError, dns.exception.DNSException):
        return False
    return answer.rcode() == dns.rcode.NOERROR
