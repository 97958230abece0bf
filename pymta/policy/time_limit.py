"""A time limit for code that we did not write, and that need not want to end.

    soft    an exception, wherever the code is, as soon as Python looks for signals: it does in
            loops, in waits, in regular expressions.  It is no `Exception`, so that who catches
            those does not swallow it.
    hard    a little later the process is ended by a signal of the kernel: for code that caught
            the exception and went on, or never comes back to Python.  Which signal it is says
            which limit it was.

Both run by the clock on the wall.  The hard one is a timer of POSIX, because the one timer of that
kind that Python has does the soft one; a thread would do nothing while others hold the interpreter.

Touches: signals, C library, clock.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable
from ctypes import byref, c_char, c_int, c_long, c_void_p, sizeof
from types import FrameType
from typing import TypeVar

from pymta.config.duration import format_duration

GRACE = 2.0  # seconds between soft and hard
MOST_LIMITS = 16  # that a signal can tell apart; there are at least 30 (signal(7))
_MONOTONIC = 1  # CLOCK_MONOTONIC
_SIGNAL = 0  # SIGEV_SIGNAL

Result = TypeVar("Result")


class OutOfTimeError(BaseException):
    """The soft limit."""


class _Event(ctypes.Structure):
    """struct sigevent, of sigevent(3type)."""

    _fields_ = (
        ("value", c_void_p),
        ("number", c_int),
        ("how", c_int),
        ("rest", c_char * (64 - sizeof(c_void_p) - 2 * sizeof(c_int))),
    )


class _Span(ctypes.Structure):
    _fields_ = (("seconds", c_long), ("nanoseconds", c_long))


class _Setting(ctypes.Structure):
    _fields_ = (("again", _Span), ("first", _Span))


_libc = ctypes.CDLL(None, use_errno=True)
_NEVER = _Setting()


def signal_of(limit: int) -> int:
    """The one that ends a process at the hard end of this limit."""
    return signal.SIGRTMAX - MOST_LIMITS + limit


def limit_of(number: int) -> int | None:
    """Of which limit is this the signal?"""
    limit = number - signal_of(0)
    return limit if 0 <= limit < MOST_LIMITS else None


class TimeLimit:
    """`seconds` for each call; one of these in a process, made by the process that uses it."""

    def __init__(self, seconds: float, grace: float = GRACE) -> None:
        self._seconds = seconds
        self.text = f"{seconds:g}s" if seconds % 1 else format_duration(int(seconds))
        hard = seconds + grace
        self._hard = _Setting(_Span(), _Span(int(hard), int(hard % 1 * 1e9)))
        self._timers: dict[int, c_void_p] = {}
        self._is_counting = False
        self._has_ended = False

    def call(self, limit: int, function: Callable[[], Result]) -> Result:
        """What it gives, or raises; `limit` is the number of this one, from 0.

        Raises OutOfTimeError, also where that was caught and something given in its stead, and
        OSError when the kernel has no timer.
        """
        timer = self._timer(limit)
        self._has_ended = False
        signal.signal(signal.SIGALRM, self._raise)  # each time: the code may have taken it
        try:
            try:
                self._set(timer, self._hard)
                self._is_counting = True
                signal.setitimer(signal.ITIMER_REAL, self._seconds)
                result = function()
            finally:
                self._is_counting = False
        finally:  # the exception may have come in the line before this; it comes once
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._set(timer, _NEVER)
        if self._has_ended:
            raise OutOfTimeError
        return result

    def _raise(self, _number: int, _frame: FrameType | None) -> None:
        if self._is_counting:
            self._is_counting = False
            self._has_ended = True
            raise OutOfTimeError

    def _timer(self, limit: int) -> c_void_p:
        if limit not in self._timers:
            number = signal_of(limit)
            signal.signal(number, signal.SIG_DFL)
            made, event = c_void_p(), _Event(None, number, _SIGNAL)
            _checked(_libc.timer_create(_MONOTONIC, byref(event), byref(made)))
            self._timers[limit] = made
        return self._timers[limit]

    @staticmethod
    def _set(timer: c_void_p, setting: _Setting) -> None:
        _checked(_libc.timer_settime(timer, 0, byref(setting), None))


def _checked(status: int) -> None:
    if status:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
