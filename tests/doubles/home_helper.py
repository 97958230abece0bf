"""A real delivery helper as root, with users of a test's own and their home directories.

Touches: processes, sockets, mounts, disk.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pymta.transport.classify import Outcome
from pymta.transport.local_request import Deed, Forward, Nothing
from pymta.transport.parcel import Parcel
from pymta.transport.to_local import Helper
from tests.doubles import warm
from tests.doubles.daemon import DEADLINE, wait_until
from tests.doubles.own_accounts import OwnAccounts

ID = "1wIcRd-000000012Tz-1abc"
BODY = b"Subject: x\r\n\r\nhello\r\n"
# A file system that never answers: whoever looks into it waits until he is killed.
HANG = """
import ctypes, os, sys, time
fd = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
if ctypes.CDLL(None).mount(b"hang", sys.argv[1].encode(), b"fuse", 0, options):
    raise SystemExit("cannot mount")
print("hangs", flush=True)
time.sleep(600)
"""


class HomeHelper:
    """`people` are the users that it knows."""

    def __init__(self, directory: Path, people: OwnAccounts, settings: str) -> None:
        self.directory = directory
        self.people = people
        self.home, self.mail = people.home, people.mail
        self.path = directory / "socket"
        self.config = directory / "pymta.toml"
        self.config.write_text(settings)
        self.error_log = directory / "log"
        self.users = people.users
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(self.path))
        self._listener.listen(512)
        self._process: subprocess.Popen[bytes] | None = None
        self._hung: dict[Path, subprocess.Popen[str]] = {}
        self.before_start = ":"  # for the shell, in the namespace of the helper
        self.peer = 0
        self.leash = -1

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def launch(self) -> None:
        """Start it, in a mount namespace of its own, without waiting for anything."""
        mounts = self.people.mounts
        program = [sys.executable, "-P", "-m", "pymta.local.main", str(self.peer)]
        with self.error_log.open("ab") as log:
            self._process = warm.Popen(
                [
                    *(*warm.GUARD, "unshare", "--mount"),
                    *("bash", "-c", f'{mounts} && {self.before_start} && exec "$@"', "bash"),
                    *program,
                    str(self.config),
                ],
                handed_in=[("pymta-deliver", self._listener.fileno())],
                pass_fds=[self.leash] if self.leash >= 0 else [],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | ({"PYMTA_LEASH": str(self.leash)} if self.leash >= 0 else {}),
            )

    def start(self) -> None:
        before = self.log().count("helper started")
        self.launch()
        wait_until(
            lambda: self.log().count("helper started") > before or not self.is_alive(), self.log
        )
        assert self.is_alive(), self.log()

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait(self) -> int:
        assert self._process
        return self._process.wait(DEADLINE)

    def log(self) -> str:
        return self.error_log.read_text() if self.error_log.exists() else ""

    def wait_for_log(self, text: str) -> None:
        wait_until(lambda: text in self.log(), lambda: f"{text!r} in\n{self.log()}")

    def children(self) -> list[int]:
        text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in text.split()]

    def hang(self, path: Path) -> None:
        """From now on whoever of the helper's children looks at this directory hangs."""
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *self._enter(), sys.executable, "-c", HANG, path],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._hung[path] = process
        assert process.stdout
        assert process.stdout.readline() == "hangs\n"

    def release(self) -> None:
        """What hangs fails with an error (ENOTCONN), and the directory is there again."""
        for path, process in self._hung.items():
            process.kill()
            process.communicate()
            if self.is_alive():
                # It is not there in the namespace of a helper that was started anew.
                subprocess.run(
                    [*self._enter(), "umount", "--lazy", path], check=False, capture_output=True
                )
        self._hung.clear()

    def _enter(self) -> list[str]:
        return ["nsenter", "--target", str(self.pid), "--mount"]

    def ask(
        self,
        account: str,
        *,
        id: str = ID,
        body: bytes = BODY,
        deed: Deed = Deed.FORWARD,
        item: str = "",
        limit: float = DEADLINE,
    ) -> Outcome | Forward | Nothing:
        """Have a message delivered, as a worker does."""
        parcel = Parcel(
            id=id,
            sender="s@example.net",
            recipients=(f"{account}@localhost",),
            on_top=b"Received: by us\r\n",
            size=len(body),
            eight_bit=False,
            blocks=lambda: iter([body]),
            is_mine=lambda: True,
        )
        with Helper(str(self.path), self.directory, limit).opened(parcel) as hand:
            return hand(account, f"{account}@localhost", deed, item)

    def stop(self) -> int:
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait(DEADLINE)

    def close(self) -> None:
        self.release()
        if self._process:
            for pid in self.children() if self.is_alive() else []:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if self.is_alive():
                self.kill()
        self._listener.close()


@contextmanager
def home_helper(*users: str, settings: str = "") -> Iterator[HomeHelper]:
    """Not started yet; nothing of it is left afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="pymta-"))
    directory.chmod(0o755)
    people = OwnAccounts(directory, *(users or ("alice", "bob")))
    made = HomeHelper(directory, people, settings)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(directory, ignore_errors=True)
