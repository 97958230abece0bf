"""What stands before a command of ours, as steps that a forked process takes by itself.

    env NAME=VALUE…                     variables
    unshare --net --mount [sh -c …]     namespaces, and what a shell arranges there before it goes
                                        on to the command (here it goes on to `true`)
    setpriv --reuid= --regid= …         another account
    python -m tests.doubles.refusing_kernel …

`steps` finds them in the words of a command; `take` is for the process, after the fork.

Touches: processes.
"""

from __future__ import annotations

import ctypes
import grp
import os
import pwd
import subprocess
import sys
from collections.abc import Callable, Sequence

Step = list[str]  # its words, without those that follow

_HEADS = ("env", "unshare", "setpriv", sys.executable)
_NAMESPACES = {"--mount": 0x0002_0000, "--net": 0x4000_0000}  # CLONE_NEWNS, CLONE_NEWNET
_ACCOUNT = ("--reuid", "--regid")
_REFUSING = [sys.executable, "-m", "tests.doubles.refusing_kernel"]
_MS_REC_PRIVATE = 1 << 14 | 1 << 18
_PR_SET_DUMPABLE = 4
_libc = ctypes.CDLL(None, use_errno=True)


def steps(words: Sequence[str]) -> tuple[list[Step], list[str]] | None:
    """Those before `python -P`, and the words behind `python`; None when there are others."""
    found: list[Step] = []
    for at, word in enumerate(words):
        if word == sys.executable and words[at + 1 : at + 2] == ["-P"]:
            return (found, [*words[at + 1 :]]) if all(map(_is_known, found)) else None
        if word in _HEADS:
            found.append([])
        if not found:
            return None
        found[-1].append(word)
    return None


def _is_known(step: Step) -> bool:
    match step:
        case ["env", *variables]:
            return all("=" in word and word[0] != "-" for word in variables)
        case ["unshare", *words]:
            flags, script = _unshared(words)
            return bool(flags) and (not script or script[:2] in (["sh", "-c"], ["bash", "-c"]))
        case ["setpriv", *options]:
            given = [word.partition("=")[0] for word in options]
            return set(given) in ({*_ACCOUNT, "--groups"}, {*_ACCOUNT, "--clear-groups"})
        case _:
            return step[:3] == _REFUSING and step[-1] == "--"


def _unshared(words: list[str]) -> tuple[list[str], list[str]]:
    at = next((at for at, word in enumerate(words) if word not in _NAMESPACES), len(words))
    return words[:at], words[at:]


def take(step: Step, refuse: Callable[[Sequence[str]], None]) -> dict[str, str]:
    """Variables that the command is to have in its environment."""
    match step:
        case ["env", *variables]:
            return dict(word.split("=", 1) for word in variables)
        case ["unshare", *words]:
            _unshare(*_unshared(words))
        case ["setpriv", *options]:
            _become(dict(word.partition("=")[::2] for word in options))
        case _:
            refuse(step[len(_REFUSING) : -1])
    return {}


def _unshare(flags: list[str], script: list[str]) -> None:
    _check(_libc.unshare(sum(_NAMESPACES[flag] for flag in flags)))
    if "--mount" in flags:
        _check(_libc.mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC_PRIVATE), None))
    if script and (status := subprocess.run([*script, "true"], check=False).returncode):
        sys.exit(status)


def _become(options: dict[str, str]) -> None:
    groups = [_gid(group) for group in options.get("--groups", "").split(",") if group]
    uid, gid = (options.get(name, "") for name in ("--reuid", "--regid"))
    ids = pwd.getpwnam(uid).pw_uid if uid.isalpha() else int(uid), _gid(gid)
    os.setgroups(groups)
    os.setresgid(*[ids[1]] * 3)
    os.setresuid(*[ids[0]] * 3)
    # As it is after an execve(2): /proc/self is its own.
    _check(_libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0))


def _gid(group: str) -> int:
    return grp.getgrnam(group).gr_gid if group.isalpha() else int(group)


def _check(answer: int) -> None:
    if answer:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
