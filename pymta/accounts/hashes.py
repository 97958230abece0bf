"""Does a password fit a hash, and new hashes: by the system's libcrypt, and argon2-cffi if it is
installed.

libcrypt knows what shadow(5) may hold, and has the newest of it: yescrypt, and scrypt, bcrypt and
SHA-512 as other programs write them.  `crypt` of the standard library is gone since Python 3.13.

Touches: libcrypt, libargon2, random numbers.
"""

from __future__ import annotations

import ctypes
import hmac
import importlib
from contextlib import suppress
from ctypes import POINTER, byref, c_char_p, c_int, c_ulong, c_void_p
from functools import cache
from types import ModuleType

from pymta.accounts.password_line import Argon2, Crypt, Hash

_LIBRARY = "libcrypt.so.1"
_FAILURE = b"*"  # how crypt(3) marks what is no hash


class CannotCheckError(Exception):
    """The program for hashes of this kind is not there; the argument says which."""


def fits(password: bytes, kept: Hash) -> bool:
    """Takes as long as the hash was meant to take.  Raises CannotCheckError."""
    match kept:
        case Crypt(text):
            made = _crypt(password, text.encode())
            return not made.startswith(_FAILURE) and hmac.compare_digest(made, text.encode())
        case Argon2(text):
            return _fits_argon2(password, text)


def load() -> None:
    """Before a fork, for all who come after it; what is not there is missed when it is needed."""
    for library in (_library, _argon2):
        with suppress(CannotCheckError):
            library()


def missing_for(kept: Hash) -> str:
    """What is not there to check hashes of this kind with; "" when it is."""
    try:
        match kept:
            case Crypt():
                _library()
            case Argon2():
                _argon2()
    except CannotCheckError as error:
        return str(error)
    return ""


def make_yescrypt(password: bytes, cost: int) -> Crypt:
    """`cost` from 1 to 11; each is twice the one before, in time and in memory."""
    setting = _library().crypt_gensalt_ra(b"$y$", c_ulong(cost), None, 0)
    if not setting:
        raise CannotCheckError(f"the {_LIBRARY} of this system makes no yescrypt")
    try:
        made = _crypt(password, ctypes.string_at(setting))
    finally:
        _free(setting)
    if made.startswith(_FAILURE):
        raise CannotCheckError(f"the {_LIBRARY} of this system makes no yescrypt")
    return Crypt(made.decode())


def make_argon2id(password: bytes) -> Argon2:
    """The second choice of RFC 9106 s4, but in one thread.  Raises CannotCheckError."""
    hasher = _argon2().PasswordHasher(time_cost=3, memory_cost=1 << 16, parallelism=1)
    return Argon2(hasher.hash(password))


def _fits_argon2(password: bytes, text: str) -> bool:
    library = _argon2()
    try:
        return bool(library.PasswordHasher().verify(text, password))
    except (library.exceptions.VerificationError, library.exceptions.InvalidHashError):
        return False


@cache
def _argon2() -> ModuleType:
    try:
        return importlib.import_module("argon2")
    except ImportError:  # the extra of that name
        what = "the Python package argon2-cffi, on Debian python3-argon2"
        raise CannotCheckError(f"hashes of argon2 need {what}") from None


def _crypt(password: bytes, setting: bytes) -> bytes:
    """crypt_ra(3), which needs no room from us; what it takes is given back."""
    if b"\0" in password:
        return _FAILURE
    data, size = c_void_p(), c_int()
    try:
        made = _library().crypt_ra(password, setting, byref(data), byref(size))
        return bytes(made) if made else _FAILURE
    finally:
        if data.value:
            ctypes.memset(data.value, 0, size.value)  # it holds the password
            _free(data)


@cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        raise CannotCheckError(f"there is no {_LIBRARY} on this system") from None
    library.crypt_ra.argtypes = (c_char_p, c_char_p, POINTER(c_void_p), POINTER(c_int))
    library.crypt_ra.restype = c_char_p
    library.crypt_gensalt_ra.argtypes = (c_char_p, c_ulong, c_char_p, c_int)
    library.crypt_gensalt_ra.restype = c_void_p
    return library


def _free(pointer: c_void_p | int) -> None:
    free = ctypes.CDLL(None).free
    free.argtypes, free.restype = (c_void_p,), None
    free(pointer)
