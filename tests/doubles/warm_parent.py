"""A process that has imported all of pymta and forks, on request, processes that look started anew.

    python -P warm_parent.py FD PADDING…

Starting an interpreter and importing pymta is most of what a short test costs.  `warm.Popen` asks
here instead, over the socket FD.  A child gets the descriptors, the environment, the words, the
directory and the limits that it would have been started with; also /proc/PID/cmdline and
/proc/PID/environ say so: they lie where the words and the environment of this process were, which
PADDING has made large enough.  Where pymta puts another image of itself in its place or starts
one, that is played: what would be closed is closed, and the module runs.  Only the image by which
a daemon replaces itself in a reload is a fresh interpreter, and from then on all it starts.

The child becomes one of the process that asks: it is the next of its ancestors that takes orphans
in, and what lies between them ends at once.

Touches: processes, sockets, environment.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import resource
import runpy
import signal
import socket
import sys
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.doubles import refusing_kernel, warm_steps

del sys.path[0]  # what comes of us does not look there
MOST = 1 << 18  # bytes of a request
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_real_execv, _real_execve, _real_spawn = os.execv, os.execve, os.posix_spawn


def main() -> None:
    # Before they become somebody's default.
    vars(os).update(execv=play_execv, execve=play_execve, posix_spawn=play_spawn)
    sock = socket.socket(fileno=int(sys.argv[1]))
    import_all()
    gc.collect()
    gc.freeze()
    parent = os.getppid()
    while True:
        data, fds, _, _ = socket.recv_fds(sock, MOST, 250)
        if not data:
            return
        heard, told = os.pipe()
        if not (between := os.fork()):
            if pid := os.fork():
                os.write(told, str(pid).encode())
                os._exit(0)
            os.close(heard)
            os.close(told)
            sock.close()
            live(json.loads(data), fds, parent)
        os.waitpid(between, 0)
        sock.send(os.read(heard, 100))
        for fd in (heard, told, *fds):
            os.close(fd)


def import_all() -> None:
    import difflib  # noqa: F401, PLC0415 - loaded for a mistake only, and not by every user here

    import pymta  # noqa: PLC0415 - here execv is replaced already
    from pymta.config.read import read_settings  # noqa: PLC0415
    from pymta.config.settings import Machine  # noqa: PLC0415

    for module in pkgutil.walk_packages(pymta.__path__, "pymta."):
        if not module.name.endswith("__main__"):
            with suppress(ImportError):  # an optional library
                importlib.import_module(module.name)
    read_settings(None, Machine(), login="")


def live(asked: dict[str, Any], fds: list[int], parent: int) -> NoReturn:
    """A new process, up to its end."""
    status = 1
    try:
        while os.getppid() != parent:  # what lies between has not ended yet
            time.sleep(0.0005)
        place(fds, asked["fds"])
        dress(asked)
        if asked["pdeathsig"]:  # at last: another account would have put an end to it
            _libc.prctl(_PR_SET_PDEATHSIG, asked["pdeathsig"])
        status = run(asked["words"])
    except SystemExit as end:  # what goes before the command has failed
        status = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - whatever it is, it does not climb up to the parent's loop
        traceback.print_exc()
    finally:
        os._exit(status)


def place(fds: list[int], numbers: list[int]) -> None:
    """Give the descriptors their numbers, and close all others."""
    above = max(*numbers, *fds) + 1
    moved = [os.dup2(fd, above + at, inheritable=False) for at, fd in enumerate(fds)]
    for fd, number in zip(moved, numbers, strict=True):
        os.dup2(fd, number)
    below = 0
    for number in sorted(numbers):
        if below < number:  # up to 0 would be up to the last
            os.closerange(below, number)
        below = number + 1
    os.closerange(below, above + len(fds))


def dress(asked: dict[str, Any]) -> None:
    for limit, values in asked["limits"]:
        if resource.getrlimit(limit) != tuple(values):
            resource.setrlimit(limit, values)
    os.chdir(asked["cwd"])
    environment: dict[str, str] = asked["environment"]
    _set_environment(environment)
    for step in asked["steps"]:
        environment |= warm_steps.take(step, refusing_kernel.refuse)
    if "LISTEN_FDS" in environment and "LISTEN_PID" not in environment:
        environment["LISTEN_PID"] = str(os.getpid())
    _set_environment(environment)
    words = [sys.executable, *asked["words"]]
    _show(_ARGUMENTS, words)
    _show(_ENVIRONMENT, [f"{name}={value}" for name, value in environment.items()])


def _set_environment(environment: Mapping[str, str]) -> None:
    wanted = dict(environment)  # it may be our own
    os.environ.clear()
    os.environ.update(wanted)
    time.tzset()


_ARGUMENTS, _ENVIRONMENT = 47, 49  # arg_start and env_start in /proc/self/stat, see proc(5)


def _show(where: int, texts: list[str]) -> None:
    """Nothing of ours reads what lay there: all of the environment has just been put elsewhere."""
    with open("/proc/self/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        numbers = file.read().rpartition(")")[2].split()
    start, end = (int(numbers[where - 2 + at]) for at in (0, 1))
    shown = b"".join(text.encode("utf-8", "surrogateescape") + b"\0" for text in texts)
    if len(shown) >= end - start:
        raise ValueError(f"{len(shown)} bytes to show, and place for {end - start}")
    ctypes.memmove(start, shown.ljust(end - start, b"\0"), end - start)


def run(words: list[str]) -> int:
    """What `python` does with these words, to the end of the interpreter; the exit status."""
    status: object = 0
    try:
        try:
            _run(words)
        finally:
            atexit._run_exitfuncs()
    except SystemExit as end:
        status = end.code
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:  # noqa: BLE001 - as the interpreter
        traceback.print_exc()
        status = 1
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    if isinstance(status, int):
        return status & 255
    if status is not None:
        sys.stderr.write(f"{status}\n")
    return status is not None


def _run(words: list[str]) -> None:
    match words:
        case ["-P", "-m", module, *rest]:
            sys.argv = [module, *rest]
            with warnings.catch_warnings():
                # It is imported already.
                warnings.filterwarnings("ignore", category=RuntimeWarning, module="runpy")
                start = runpy._get_module_details  # type: ignore[attr-defined]
                _, spec, code = start(module)
            sys.argv[0] = spec.origin
            space = {"__name__": "__main__", "__spec__": spec, "__file__": spec.origin}
            exec(code, space)
        case ["-P", "-c", text, *rest]:
            sys.argv = ["-c", *rest]
            exec(compile(text, "<string>", "exec"), {"__name__": "__main__"})
        case _:
            raise ValueError(words)


def is_played(program: str, words: list[str]) -> bool:
    return program == sys.executable and words[1:3] == ["-P", "-m"]


def play_execv(program: str, words: list[str]) -> NoReturn:
    if not is_played(program, words):
        _real_execv(program, words)
    _become(words)


def play_execve(program: str, words: list[str], environment: Mapping[str, str]) -> NoReturn:
    """But a daemon that replaces itself does that in earnest."""
    if not is_played(program, words) or words[3] == "pymta.supervisor.main":
        _real_execve(program, words, environment)
    _set_environment(environment)
    _become(words)


def play_spawn(
    program: str,
    words: list[str],
    environment: Mapping[str, str],
    *,
    file_actions: Sequence[tuple[int, int, int]] = (),
    setsigmask: Sequence[int] = (),
    setsigdef: Sequence[int] = (),
) -> int:
    if not is_played(program, words):
        return _real_spawn(
            *(program, words, environment),
            file_actions=file_actions,
            setsigmask=setsigmask,
            setsigdef=setsigdef,
        )
    # As posix_spawn(3) does: what comes before the child has put back its signals is for it alone,
    # not for the pipe in which handlers of the parent would leave it.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    if pid := os.fork():
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return pid
    try:
        for action, fd, number in file_actions:
            assert action == os.POSIX_SPAWN_DUP2
            os.dup2(fd, number)
        _set_environment(environment)
        _default_signals()
        signal.pthread_sigmask(signal.SIG_SETMASK, setsigmask)
        _become(words)
    finally:
        os._exit(1)


def _become(words: list[str]) -> NoReturn:
    """What execv(2) closes and resets, and then the module that the words name."""
    gc.collect()  # nothing may close a number later that is somebody else's by then
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers
        with suppress(OSError):
            if int(name) > 2 and not os.get_inheritable(int(name)):
                os.close(int(name))
    _default_signals()
    _show(_ARGUMENTS, words)
    os._exit(run(words[1:]))


def _default_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, usual)


if __name__ == "__main__":
    main()
