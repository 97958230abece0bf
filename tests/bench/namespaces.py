"""A mail server in namespaces of its own, for mounts and processes: nothing is installed.

Its tree and the machine's /usr, /etc and /var are one there, and what is written to them is gone
when it ends.  Only the queue, the mailboxes and the log lie on the disk, where a sync costs what it
costs.  It listens on a port of the machine's own loopback interface.  That takes root.

Touches: processes, mounts, disk, clock.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tests.bench.account import Account
from tests.bench.peer import USERS, Peer, Wish

SECONDS_TO_START, SECONDS_TO_STOP = 30.0, 6.0
DISK = ("spool", "mail", "homes", "log")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

LAYERS = r"""
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$WORK/layers"
for d in usr etc var; do
    lower=/$d
    [ ! -d "$TREE/$d" ] || lower=$TREE/$d:/$d
    mkdir "$WORK/layers/$d" "$WORK/layers/$d.work"
    mount -t overlay overlay \
        -o "lowerdir=$lower,upperdir=$WORK/layers/$d,workdir=$WORK/layers/$d.work" "/$d"
done
"""
# What a script finds besides `on_disk` and `serve`.
FUNCTIONS = r"""
add_group() { echo "$1:x:$2:" >>/etc/group; }
add_user() {
    add_group "$1" "$2"
    echo "$1:x:$2:$2::${3:-/nonexistent}:/usr/sbin/nologin" >>/etc/passwd
}
# users TEXT: it for each user, with & for his number
users() { seq "$USERS" | sed "s/.*/$1/"; }
rm -f /etc/resolv.conf
# No name server: how slow one is must not be part of a figure.
printf 'lookup file\nnameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >/etc/resolv.conf
printf 'passwd: files\ngroup: files\nhosts: files\n' >/etc/nsswitch.conf
add_user vmail 5000
"""
_OURS = r"""
# on_disk NAME PLACE OWNER: what is written there goes to the disk
on_disk() {
    mkdir -p "$2"
    mount --bind "$WORK/$1" "$2"
    chown "$3:$3" "$2"
}
if [ "$SYSTEM_USERS" = true ]; then
    on_disk homes /var/homes root
    for i in $(seq "$USERS"); do
        add_user "user$i" $((6000 + i)) "/var/homes/user$i"
        mkdir -m 700 "/var/homes/user$i"
        chown "user$i:user$i" "/var/homes/user$i"
    done
fi
# serve COMMAND…: the server in the foreground, and what it leaves to process 1, which we are
serve() {
    echo "$EPOCHREALTIME" >"$WORK/began"
    "$@" &
    server=$!
    trap 'kill -TERM "$server" 2>/dev/null || true' TERM
    while kill -0 "$server" 2>/dev/null; do wait "$server" || true; done
}
"""
_BEGIN = f"{LAYERS}\nmount -t tmpfs -o mode=755 tmpfs /run\nmkdir -p /run/lock\n{FUNCTIONS}{_OURS}"


def environment(peer: Peer, wish: Wish, work: Path, port: int, sink_port: int) -> dict[str, str]:
    """What a script knows."""
    return {
        "PATH": PATH,
        "LANG": "C.UTF-8",
        "TREE": str(peer.tree),
        "WORK": str(work),
        "PORT": str(port),
        "SINK_PORT": str(sink_port),
        "USERS": str(USERS),
        "CONNECTIONS": str(wish.connections),
        "QUEUE_ONLY": str(wish.queue_only).lower(),
        "SYSTEM_USERS": str(wish.system_users).lower(),
        **peer.variables,
    }


class Namespaces:
    """One server, started, and stopped with `stop`, after which nothing of it is left but `work`.

    `work` is a directory on the disk, neither in /usr, /etc nor in /var.
    """

    def __init__(self, peer: Peer, work: Path, port: int, sink_port: int) -> None:
        self.peer, self.work, self.port = peer, work, port
        self.account = Account()
        self._sink_port = sink_port
        self._process: subprocess.Popen[bytes] | None = None
        for name in (*DISK, "layers"):
            (work / name).mkdir(parents=True, exist_ok=True)
        work.chmod(0o755)

    @property
    def spool(self) -> Path:
        return self.work / "spool"

    def start(self, wish: Wish) -> None:
        """Begin to start it.  Whether it answers is to be seen."""
        (self.work / "began").unlink(missing_ok=True)
        with (self.work / "log" / "console").open("ab") as console:
            self._process = subprocess.Popen(
                [
                    *self.account.prefix(),
                    *("setpriv", "--pdeathsig", "KILL"),
                    *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
                    *("bash", "-c", _BEGIN + self.peer.script, self.peer.name),
                ],
                env=environment(self.peer, wish, self.work, self.port, self._sink_port),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )

    def began(self) -> float | None:
        """When its program was started, in seconds since the epoch."""
        with suppress(OSError, ValueError):
            return float((self.work / "began").read_text().replace(",", "."))
        return None

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def why(self) -> str:
        """The last words of one that does not start."""
        text = (self.work / "log" / "console").read_text(errors="replace")
        return " / ".join(text.splitlines()[-4:])

    def pids(self) -> list[int]:
        """All its processes but the shell that is process 1 there."""
        first = self._first()
        if not first:
            return []
        space = _space(first)
        return [pid for pid in _all_pids() if pid != first and _space(pid) == space]

    def cpu(self) -> float:
        """Seconds of all its processes, the shell's included: it takes in who lost his parent."""
        return self.account.seconds([self._first(), *self.pids()] if self.is_alive() else [])

    def command(self, words: Sequence[str], *, counts: bool = True) -> list[str]:
        """Words that run these where the server runs.  `counts`: as part of its CPU time."""
        enter = ["nsenter", f"--target={self._first()}", "--mount", "--pid", "--", *words]
        return [*self.account.prefix(), *enter] if counts else enter

    def run(
        self,
        words: Sequence[str],
        timeout: float = 300,
        *,
        counts: bool = True,
        pass_fds: Sequence[int] = (),
    ) -> str:
        """Its standard output.  Raises RuntimeError with what it said when it fails."""
        done = subprocess.run(
            self.command(words, counts=counts),
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            env={"PATH": PATH, "LANG": "C.UTF-8"},
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {(done.stderr or done.stdout)[-300:].strip()}")
        return done.stdout

    def stop(self) -> None:
        """As its operator would; then all that is left of it ends with process 1."""
        if not self._process:
            return
        if first := self._first():
            os.kill(first, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(SECONDS_TO_STOP)
        self._process.kill()
        self._process.wait()
        self._process = None

    def _first(self) -> int:
        """Process 1 of the namespace, as the machine counts; 0 when there is none."""
        if not self.is_alive():
            return 0
        assert self._process
        pid = self._process.pid
        with suppress(OSError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            return int(children[0]) if children else 0
        return 0


def _all_pids() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def _space(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/ns/pid").readlink()
    except OSError:  # it has just ended
        return None
