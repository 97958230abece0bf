"""A daemon whose disks lose power under load: what was answered 250 and is nowhere afterwards?

    python -m tests.doubles.power_cut DIR ROUNDS DISKS FORGETS

Run in a mount namespace of its own, which takes the mounts along at its end.  State directory and
mailboxes are on one ext4 or, with DISKS 2, on two.  In each round clients send numbered messages;
then every process is killed, the file systems are shut down without writing what they have in
memory, and mounted again, as after a power cut; the daemon is started and delivers.  Prints as JSON
how many messages were "acknowledged", which are "lost", and how many came "twice".

FORGETS is for tests of the test: a daemon that does not sync "nothing", "all", or the directory
"new" of a Maildir.

Touches: processes, mounts, disk, sockets.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import smtplib
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.doubles.daemon import Daemon, daemon_after, wait_until

SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN
WITHOUT_FLUSH = 2  # what is in the log is not written either
CLIENTS = 3
SECONDS_OF_LOAD = 1.5
PATIENCE = 120.0  # seconds for a start, which may come beside many other tests
FORGETFUL = """\
import os
real = os.fsync
def fsync(fd):
    path = os.readlink(f"/proc/self/fd/{fd}")
    if not (FORGETS == "all" or path.endswith("/new")):
        real(fd)
os.fsync = fsync
"""


@dataclass
class Disks:
    """Images below `directory`, each with its mount point."""

    directory: Path
    mounted: dict[str, Path] = field(default_factory=dict)  # that of the spool first

    def add(self, name: str, place: Path) -> None:
        image = self.directory / name
        with image.open("wb") as file:
            file.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True, env=_ENVIRONMENT)
        place.mkdir(exist_ok=True)
        self.mounted[name] = place
        self._mount(name)

    def cut_power(self) -> None:
        """The worst that can be: with two, the disk of the spool has written everything by itself,
        and the other one not a thing that it was not told to.
        """
        for place in reversed(self.mounted.values()):
            if len(self.mounted) > 1 and place == next(iter(self.mounted.values())):
                subprocess.run(["sync", "--file-system", place], check=True, env=_ENVIRONMENT)
            fd = os.open(place, os.O_RDONLY)
            fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", WITHOUT_FLUSH))
            os.close(fd)
        for place in reversed(self.mounted.values()):
            wait_until(partial(_unmounted, place), f"nobody holds {place}", PATIENCE)
        for name in self.mounted:
            self._mount(name)

    def _mount(self, name: str) -> None:
        image, place = self.directory / name, self.mounted[name]
        subprocess.run(["mount", "-o", "loop", image, place], check=True, env=_ENVIRONMENT)


def _unmounted(place: Path) -> bool:
    """Not while a process that was killed has not let go of its files yet."""
    done = subprocess.run(["umount", place], check=False, capture_output=True, env=_ENVIRONMENT)
    return done.returncode == 0


_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


class Clients:
    """Send numbered messages until the connection breaks."""

    def __init__(self, made: Daemon, name: str) -> None:
        self._made = made
        self._name = name
        self.acknowledged: list[str] = []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _send(self, client: int) -> None:
        with suppress(OSError, smtplib.SMTPException):
            smtp = self._made.connect()
            for count in range(1_000_000):
                if self._ended.is_set():
                    return
                number = f"{self._name}-{client}-{count}"
                text = f"X-Number: {number}\r\n\r\n{'x' * 70}\r\n"
                smtp.sendmail("a@client.test", ["user@localhost"], text)
                self.acknowledged.append(number)


def one_round(made: Daemon, disks: Disks, name: str, *, after_all: bool) -> list[str]:
    """What was acknowledged; the daemon runs again afterwards.

    `after_all`: when the last one is delivered, which no sync of a next one could save.
    """
    clients = Clients(made, name)
    time.sleep(SECONDS_OF_LOAD)
    if after_all:
        clients.end()
        made.wait_for_empty_queue()
    # The kernel must not answer a sync of a disk that has gone.
    while family := [*made.family(), *([made.pid] if made.is_alive() else [])]:
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        made.wait_for_end()
        time.sleep(0.02)
    clients.end()
    disks.cut_power()
    made.start(PATIENCE)
    return clients.acknowledged


def numbers(made: Daemon) -> Counter[str]:
    found = b"\n".join(made.mailbox("user"))
    return Counter(re.findall(r"X-Number: (\S+)\r?\n", found.decode("latin-1")))


def main(directory: Path, rounds: int, number_of_disks: int, forgets: str) -> None:
    disks = Disks(directory)

    def prepare(made: Daemon) -> None:
        disks.add("state", made.state)
        if number_of_disks == 2:
            disks.add("mail", made.state / "mail")
        if forgets != "nothing":
            (directory / "sitecustomize.py").write_text(f"FORGETS = {forgets!r}\n{FORGETFUL}")
            made.extra_environment["PYTHONPATH"] = str(directory)

    acknowledged: list[str] = []
    with daemon_after(prepare, retry=["F,1h,1s"], smtp_accept_queue_per_connection=0) as made:
        for number in range(rounds):
            acknowledged += one_round(made, disks, str(number), after_all=forgets != "nothing")
        made.run("queue", "run", "--force", timeout=60)
        made.wait_for_empty_queue()
        there = numbers(made)
        made.stop()
        for place in reversed(disks.mounted.values()):
            subprocess.run(["umount", "--lazy", place], check=True, env=_ENVIRONMENT)
    verdict = {
        "acknowledged": len(acknowledged),
        "lost": [number for number in acknowledged if number not in there],
        "twice": sum(count > 1 for count in there.values()),
    }
    print(json.dumps(verdict))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
