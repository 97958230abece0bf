"""Run a command under a kernel that refuses something: a family of sockets, an option.

    python -m tests.doubles.refusing_kernel ipv6 v6only -- COMMAND...

A seccomp filter refuses it, the way RestrictAddressFamilies= of a unit does (systemd.exec(5)).

Touches: processes.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct
import sys
from collections.abc import Mapping, Sequence

SYSCALLS: Mapping[str, Mapping[str, int]] = {
    "x86_64": {"socket": 41, "setsockopt": 54},
    "aarch64": {"socket": 198, "setsockopt": 208},
}
# What is refused: the call, those of its arguments that must be so, and the answer.
REFUSALS: Mapping[str, tuple[str, Mapping[int, int], int]] = {
    "ipv6": ("socket", {0: socket.AF_INET6}, errno.EAFNOSUPPORT),
    "v6only": (
        "setsockopt",
        {1: socket.IPPROTO_IPV6, 2: socket.IPV6_V6ONLY},
        errno.ENOPROTOOPT,
    ),
    "reuseaddr": (
        "setsockopt",
        {1: socket.SOL_SOCKET, 2: socket.SO_REUSEADDR},
        errno.ENOPROTOOPT,
    ),
    "nodelay": ("setsockopt", {1: socket.IPPROTO_TCP, 2: socket.TCP_NODELAY}, errno.ENOPROTOOPT),
}

# From bpf(4) and seccomp(2).
_LOAD, _EQUALS, _RETURN = 0x20, 0x15, 0x06
_NUMBER, _ARGUMENTS = 0, 16  # offsets in struct seccomp_data
_ERRNO, _ALLOW = 0x0005_0000, 0x7FFF_0000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def prefix(*names: str) -> list[str]:
    """What goes before a command."""
    return [sys.executable, "-m", "tests.doubles.refusing_kernel", *names, "--"]


def refuse(names: Sequence[str]) -> None:
    """From here on, in this process and all that come of it."""
    rules = b"".join(_rule(*REFUSALS[name]) for name in names)
    code = rules + _instruction(_RETURN, _ALLOW)
    libc = ctypes.CDLL(None, use_errno=True)
    program = _Program(len(code) // 8, code)
    for arguments in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0),
    ):
        if libc.prctl(*arguments):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def _rule(call: str, arguments: Mapping[int, int], answer: int) -> bytes:
    wanted = {_NUMBER: SYSCALLS[platform.machine()][call]}
    wanted |= {_ARGUMENTS + 8 * index: value for index, value in arguments.items()}
    code, left = b"", len(wanted)
    for offset, value in wanted.items():
        left -= 1
        code += _instruction(_LOAD, offset)
        code += _instruction(_EQUALS, value, no=2 * left + 1)  # past the rest and the answer
    return code + _instruction(_RETURN, _ERRNO | answer)


def _instruction(code: int, value: int, *, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, 0, no, value)


if __name__ == "__main__":
    end = sys.argv.index("--")
    refuse(sys.argv[1:end])
    os.execvp(sys.argv[end + 1], sys.argv[end + 1 :])
