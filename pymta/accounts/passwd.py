"""Ask the system for an account, by getpwnam_r(3): files, or a directory server behind NSS.

Not the `pwd` module for a name: it calls every failure "not found", and a directory server that is
down must never make a user unknown.  For the name of a number, which is only shown, it will do.

Touches: accounts, threads.
"""

from __future__ import annotations

import ctypes
import errno
import os
import pwd
import re
import threading
from contextlib import suppress
from ctypes import (
    POINTER,
    byref,
    c_char_p,
    c_int,
    c_size_t,
    c_uint32,
    c_void_p,
    create_string_buffer,
)

from pymta.accounts.account import Account, Find, Found, NoAccount, Unsure

PATIENCE = 10.0  # seconds for one account; whoever waits for us waits longer than that
ROOM = 4096  # bytes for the texts of an entry, at first
MOST_ROOM = 1 << 20
_IS_PLAIN = re.compile(r"[!-~]{1,64}")
# Different systems say "no such name" in these ways; getpwnam(3) has the list.
_NOT_FOUND = {0, errno.ENOENT, errno.ESRCH}


class _Passwd(ctypes.Structure):
    _fields_ = (
        ("name", c_char_p),
        ("password", c_char_p),
        ("uid", c_uint32),
        ("gid", c_uint32),
        ("gecos", c_char_p),
        ("home", c_char_p),
        ("shell", c_char_p),
    )


_getpwnam_r = ctypes.CDLL(None).getpwnam_r
_getpwnam_r.argtypes = (c_char_p, POINTER(_Passwd), c_char_p, c_size_t, POINTER(c_void_p))
_getpwnam_r.restype = c_int


def find(name: str) -> Found:
    """Waits as long as the system takes.  `name` must be an account name in form."""
    room = ROOM
    while True:
        entry, buffer, result = _Passwd(), create_string_buffer(room), c_void_p()
        error = _getpwnam_r(name.encode("ascii"), byref(entry), buffer, room, byref(result))
        if error != errno.ERANGE or room >= MOST_ROOM:
            break
        room *= 4
    if result.value:
        return _account(entry)
    if error in _NOT_FOUND:
        return NoAccount()
    return Unsure(f"the account list cannot be read: {os.strerror(error)}")


def finder(seconds: float) -> Find:
    """`find` with a limit.

    The system call cannot be interrupted, so it goes on in a thread of its own, which is left
    behind when it takes too long, and ends with the process.
    """

    def find_in_time(name: str) -> Found:
        answers: list[Found] = []
        asking = threading.Thread(target=lambda: answers.append(find(name)), daemon=True)
        try:
            asking.start()
        except RuntimeError as error:  # no more threads
            return Unsure(f"the account list cannot be asked: {error}")
        asking.join(seconds)
        if not answers:
            return Unsure(f"the account list gave no answer in {seconds:.0f} s")
        return answers[0]

    return find_in_time


def name_of(uid: int, seconds: float = PATIENCE) -> str:
    """What the account of this number is called; the number itself where nobody knows, or says so
    in time, and where the name is none that may stand in a line of a log.
    """
    names: list[str] = []
    asking = threading.Thread(target=lambda: names.append(_name_of(uid)), daemon=True)
    with suppress(RuntimeError):  # no more threads
        asking.start()
        asking.join(seconds)
    return names[0] if names and _IS_PLAIN.fullmatch(names[0]) else str(uid)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def _account(entry: _Passwd) -> Account:
    """A name or path that is no UTF-8 comes out as the system calls of Python take it."""
    return Account(
        os.fsdecode(entry.name),
        entry.uid,
        entry.gid,
        os.fsdecode(entry.home or b""),
        os.fsdecode(entry.shell or b""),
    )
