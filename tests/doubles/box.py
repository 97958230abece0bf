"""A booted systemd of our own in namespaces: units, sockets, journal and timers for real.

Process 1 of a box is the systemd of a tree, on an overlay of that tree: by default the machine's
own, where what is installed here is seen, else that of another release.  Nothing written there
stays.  A box has its own network (loopback only), processes, host name and cgroup; several can live
side by side.  It boots next to nothing of what the tree would start, so it is up in about half a
second.

A box ends with `Box.stop()`; when its maker is killed, the kernel ends it, and the next box removes
the empty cgroup that was left.

Touches: processes, mounts, sockets, disk.
"""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tests.doubles import cgroups
from tests.doubles.cgroups import Cgroups

INIT = Path(__file__).with_name("box-init")
MACHINE = Path("/")
SECONDS_TO_BOOT = 60.0
ENVIRONMENT = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "SYSTEMD_PAGER": "",
}
NAMESPACES = ("--mount", "--pid", "--uts", "--ipc", "--cgroup", "--net")
# What the machine would start at boot is masked, except for these.
KEPT = {"systemd-journald.service", "systemd-journald.socket", "systemd-journald-dev-log.socket"}
KEPT |= {"sockets.target", "timers.target"}
UNITS = ("usr/lib/systemd/system", "etc/systemd/system")


def why_impossible(user: int) -> str | None:
    """The reason why `user` can make no box on this machine; None where it can."""
    if user != 0:
        return "a booted systemd needs root"
    if not any(Path(p, "systemd/systemd").exists() for p in ("/usr/lib", "/lib")):
        return "systemd is not installed"
    if reason := cgroups.why_impossible():
        return reason
    trial = subprocess.run(
        ["unshare", *NAMESPACES, "--fork", "mount", "-t", "tmpfs", "box", "/mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"no namespaces or mounts here: {trial.stderr.strip()}" if trial.returncode else None


class Box:
    """One booted systemd.  `directory` is for its few files and must be empty."""

    def __init__(
        self,
        directory: Path,
        layers: Sequence[Path] = (),
        shown: Sequence[Path] = (),
        *,
        tree: Path = MACHINE,
        controllers: tuple[str, ...] = (),
    ) -> None:
        """Boot `tree`, with `layers` of files over it, and `shown` of the machine seen read-only.

        `controllers` are the v1 ones it sees: `cgroups.for_limits()` where limits must hold.
        Raises RuntimeError when it does not come up.
        """
        settings = directory / "settings"
        _write_settings(settings, tree, layers)
        self._log = directory / "boot.log"
        notify = directory / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as said:
            said.bind(str(notify))
            self._cgroups = Cgroups(controllers)
            init = [str(INIT), str(tree), ":".join(map(str, (*layers, settings)))]
            init += [" ".join(controllers), str(notify), *map(str, shown)]
            self._process = self._unshare(init)
            self._pid = 0
            try:
                self._pid = int(self._first_line())
                self._wait_until_ready(said)
            except BaseException:
                self.stop()
                raise

    def run(
        self, *command: str, check: bool = True, timeout: float = 60, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside, as root; stdout and stderr together in `.stdout`.

        With `check`, any other exit status than 0 raises AssertionError with what it printed.
        """
        done = subprocess.run(
            [*self._enter(), "timeout", "--kill-after=2", str(timeout), *command],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
            env=ENVIRONMENT,
            timeout=timeout + 10,
            check=False,
        )
        if check and done.returncode:
            what = f"{shlex.join(command)}: exit status {done.returncode}"
            raise AssertionError(f"{what}\n{done.stdout}")
        return done

    def says(self, *command: str) -> str:
        """What the command prints, without the last line end."""
        return self.run(*command).stdout.rstrip("\n")

    def start(self, *command: str) -> subprocess.Popen[str]:
        """A command that runs beside the test; the caller ends it, or the box does."""
        return subprocess.Popen(
            [*self._enter(), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=ENVIRONMENT,
        )

    def write(self, path: str, text: str) -> None:
        """Write a file inside, with the directories above it."""
        script = 'mkdir -p "$(dirname "$1")" && cat >"$1"'
        self.run("sh", "-c", script, "sh", path, stdin=text)

    def wait_until(self, what: str, condition: Callable[[], bool], seconds: float = 20) -> None:
        """Poll for something that happens in other processes.  Raises AssertionError."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {what}\n{self.journal()}")
            time.sleep(0.05)

    def journal(self, lines: int = 60) -> str:
        return self.says("journalctl", "--no-pager", "-o", "short-precise", "-n", str(lines))

    def stop(self) -> None:
        """End every process of the box; its mounts and its network go with them."""
        os.kill(self._pid or self._process.pid, signal.SIGKILL)
        self._process.communicate()
        self._cgroups.remove()

    def _enter(self) -> list[str]:
        return ["nsenter", "--target", str(self._pid), *NAMESPACES, "--root", "--wd", "--"]

    def _unshare(self, init: Sequence[str]) -> subprocess.Popen[str]:
        # The cgroups are entered first: the namespace is rooted where its maker is.
        join = 'for group in $0; do echo $$ >"$group/cgroup.procs"; done; '
        join += 'exec setpriv --pdeathsig KILL "$@"'
        groups = " ".join(map(str, self._cgroups.directories))
        unshare = ["unshare", *NAMESPACES, "--fork", "--kill-child=KILL"]
        with self._log.open("w") as log:
            return subprocess.Popen(
                ["sh", "-ec", join, groups, *unshare, *init],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def _first_line(self) -> str:
        assert self._process.stdout
        with selectors.DefaultSelector() as wait:
            wait.register(self._process.stdout, selectors.EVENT_READ)
            ready = wait.select(SECONDS_TO_BOOT)
        line = self._process.stdout.readline() if ready else ""
        return line or self._fail("its first process did not start")

    def _wait_until_ready(self, said: socket.socket) -> None:
        end = time.monotonic() + SECONDS_TO_BOOT
        said.settimeout(0.2)
        while time.monotonic() < end:
            with suppress(TimeoutError):
                if b"READY=1" in said.recv(4096).split(b"\n"):
                    break
            if self._process.poll() is not None:
                self._fail("its first process ended")
        state = self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip()
        if state != "running":
            self._fail(f"state {state!r}\n{self.says('systemctl', '--failed', '--no-pager')}")

    def _fail(self, what: str) -> str:
        raise RuntimeError(f"the box did not boot: {what}\n{self._log.read_text()}")


def _write_settings(layer: Path, tree: Path, layers: Sequence[Path]) -> None:
    """The topmost layer: a machine that knows its name and starts nothing by itself."""
    etc = layer / "etc"
    masks = etc / "systemd" / "system"
    generators = etc / "systemd" / "system-generators"
    for directory in (masks, generators, etc / "systemd" / "journald.conf.d"):
        directory.mkdir(parents=True)
    (etc / "hostname").write_text("box.example\n")
    (etc / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n127.0.1.1 box.example box\n")
    (etc / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
    (etc / "fstab").write_text("")
    # A known machine: an empty id would make systemd enable every preset.
    (etc / "machine-id").write_text(uuid.uuid4().hex + "\n")
    journal = etc / "systemd" / "journald.conf.d" / "zz-box.conf"
    journal.write_text("[Journal]\nStorage=volatile\n")
    for name in _started_at_boot(tree) - KEPT:
        (masks / name).symlink_to("/dev/null")
    for generator in (tree / "usr/lib/systemd/system-generators").glob("*"):
        (generators / generator.name).symlink_to("/dev/null")


def _started_at_boot(tree: Path) -> set[str]:
    """Names of all units that a target of this tree wants."""
    links = (link for units in UNITS for link in (tree / units).glob("*.target.wants/*"))
    return {link.name for link in links if not link.name.endswith((".target", "@.service"))}
