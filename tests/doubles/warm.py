"""`Popen` and `run` as in `subprocess`, where a process of pymta costs a fork, not an interpreter.

A command that only runs this interpreter with `-P -m` or `-P -c` comes from `warm_parent`, a
process that has imported pymta once for all of our tests; some words before it are known
(`warm_steps`).  What has others, or settings for the interpreter in its environment, is started in
earnest, and so is what is `cold`: where the start itself, or what is loaded by it, is the subject.

Touches: processes, sockets, environment.
"""

from __future__ import annotations

import ctypes
import fcntl
import inspect
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from tests.doubles import warm_parent
from tests.doubles.warm_steps import Step, steps

GUARD = ("setpriv", "--pdeathsig", "KILL")  # nothing may outlive a test run
_HAND_IN = 'exec {moves}; LISTEN_PID=$$ LISTEN_FDS={count} LISTEN_FDNAMES={names} exec "$@"'
_INTERPRETER = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "GLIBC_")  # it reads them as it starts
_PLAIN = {"env", "stdin", "stdout", "stderr", "pass_fds", "cwd", "text", "errors"}
_LIMITS = sorted({getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")})
_PR_SET_CHILD_SUBREAPER = 36
_ROOM = 12_000  # bytes that a child's words may have, and its environment beyond ours
_libc = ctypes.CDLL(None, use_errno=True)
_start = subprocess.Popen._execute_child  # type: ignore[attr-defined]
_of_start = inspect.signature(_start)


class Popen(subprocess.Popen[Any]):
    """`cold`: in earnest.  `handed_in`: names and descriptors of sockets, as systemd does it."""

    def __init__(
        self,
        words: Sequence[str | os.PathLike[str]],
        *,
        cold: bool = False,
        handed_in: Sequence[tuple[str, int]] = (),
        **options: Any,
    ) -> None:
        environment = options.get("env") or os.environ
        self._handed_in = handed_in
        self._is_warm = (
            not cold and options.keys() <= _PLAIN and _for_interpreter(environment) == _OURS
        )
        super().__init__([os.fspath(word) for word in words], **options)

    def _execute_child(self, *arguments: Any) -> None:
        """As Python has it on POSIX; the order of the arguments differs between its versions."""
        asked = _of_start.bind(self, *arguments).arguments
        words = asked["args"]
        is_guarded = words[: len(GUARD)] == [*GUARD]
        command = words[len(GUARD) :] if is_guarded else words
        parts = steps(command) if self._is_warm else None
        if parts and not any(_for_interpreter(part) for part in parts[0]):
            self._fork(asked, *parts, signal.SIGKILL if is_guarded else 0)
            return
        with ExitStack() as stack:
            if self._handed_in:
                # Out of the way of descriptors 3 and up.
                fds = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for _, fd in self._handed_in]
                for fd in fds:
                    stack.callback(os.close, fd)
                asked["pass_fds"] = (*asked["pass_fds"], *fds)
                asked["args"] = [*words[: len(words) - len(command)], *self._with_sockets(fds)]
                asked["args"] += command
            _start(*asked.values())

    def _with_sockets(self, fds: list[int]) -> list[str]:
        text = _HAND_IN.format(
            moves=" ".join(f"{to}<&{fd} {fd}<&-" for to, fd in enumerate(fds, 3)),
            count=len(fds),
            names=":".join(name for name, _ in self._handed_in),
        )
        return ["bash", "-c", text, "bash"]

    def _fork(
        self, asked: dict[str, Any], before: list[Step], words: list[str], pdeathsig: int
    ) -> None:
        environment = dict(os.environ if asked["env"] is None else asked["env"])
        numbers = {fd: fd for fd in asked["pass_fds"]}
        for at, name in enumerate(("p2cread", "c2pwrite", "errwrite")):
            numbers[at] = at if asked[name] == -1 else asked[name]
        if self._handed_in:
            numbers |= {at: fd for at, (_, fd) in enumerate(self._handed_in, 3)}
            environment["LISTEN_FDS"] = str(len(self._handed_in))
            environment["LISTEN_FDNAMES"] = ":".join(name for name, _ in self._handed_in)
        request = {
            "steps": before,
            "words": words,
            "environment": environment,
            "cwd": os.fspath(asked["cwd"] or os.getcwd()),  # noqa: PTH109 - as a text
            "fds": list(numbers),
            "limits": [(limit, resource.getrlimit(limit)) for limit in _LIMITS],
            "pdeathsig": pdeathsig,
        }
        self.pid = _parent().ask(json.dumps(request).encode(), list(numbers.values()))
        self._child_created = True
        names = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(asked[name] for name in names))  # type: ignore[attr-defined]


def run(
    words: Sequence[str | os.PathLike[str]],
    *,
    input: str | bytes | None = None,
    capture_output: bool = False,
    timeout: float | None = None,
    check: bool = False,
    **options: Any,
) -> subprocess.CompletedProcess[Any]:
    if input is not None:
        options["stdin"] = subprocess.PIPE
    if capture_output:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Popen(words, **options) as process:
        try:
            out, err = process.communicate(input, timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
    if check:
        done.check_returncode()
    return done


class _Parent:
    """The process that forks them; one for each process of tests."""

    def __init__(self) -> None:
        self.asked_by = os.getpid()
        self._turn = threading.Lock()
        self._sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, warm_parent.MOST)
        padding = "." * _ROOM
        with theirs:
            self._process = subprocess.Popen(
                [
                    *(*GUARD, sys.executable, "-P", warm_parent.__file__),
                    *(str(theirs.fileno()), padding),
                ],
                env=os.environ | {"PADDING": padding},
                cwd="/",
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def ask(self, request: bytes, fds: list[int]) -> int:
        """The pid of a child of ours that it makes."""
        with self._turn:
            # Whose parent ends meanwhile becomes ours.
            _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            try:
                socket.send_fds(self._sock, [request], fds)
                return int(self._sock.recv(100))
            finally:
                _libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


_parents: list[_Parent] = []


def _parent() -> _Parent:
    if not _parents or _parents[0].asked_by != os.getpid():
        _parents[:] = [_Parent()]
    return _parents[0]


def _for_interpreter(environment: Mapping[str, str] | Step) -> list[str]:
    """What it reads as it starts; of a mapping, or of words NAME=VALUE."""
    if isinstance(environment, Mapping):
        environment = [f"{name}={text}" for name, text in environment.items()]
    return sorted(word for word in environment if word.startswith(_INTERPRETER))


_OURS = _for_interpreter(os.environ)  # before any test changes it
