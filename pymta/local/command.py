"""A command of a user gets the message on its standard input; we are that user already.

    it ends with 0                       delivered
    71, 73, 75 of sysexits(3)            later: the system, no place to write to, "try again"
    any other status                     never; the sender is told what it printed
    it is ended by a signal              later: as a machine that goes down ends it
    it takes longer than the limit       ended, with all that it has started; later
    it cannot be started                 later, until its owner has mended that

No shell reads it, unless the settings say so: the line is taken apart at blanks, with quotes as the
shell has them.  Whatever the command leaves running in its process group ends with it, because
nobody else could end that: the helper may not signal a user's process.

Touches: processes, signals, clock, disk.
"""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from pymta.dataclass import dataclass
from pymta.transport.local_request import Answer, Failed, PutOff, Stored

MOST_OUTPUT = 2000  # bytes of what it prints that are kept; the rest is read and forgotten
MOST_TOLD = 600  # characters of them in the reason
PEEK = 1.0  # seconds between two looks at whether somebody still waits
SHELL = "/bin/sh"
_BLOCK = 64 * 1024  # bytes; what a pipe holds
# What other programs take a status for, see sysexits(3); the second number is RFC 3463's.
_LATER = {71: "EX_OSERR", 73: "EX_CANTCREAT", 75: "EX_TEMPFAIL"}
_NEVER = {
    64: ("EX_USAGE", "5.3.0"),
    65: ("EX_DATAERR", "5.6.0"),
    66: ("EX_NOINPUT", "5.3.0"),
    67: ("EX_NOUSER", "5.1.1"),
    68: ("EX_NOHOST", "5.1.2"),
    69: ("EX_UNAVAILABLE", "5.3.0"),
    70: ("EX_SOFTWARE", "5.3.0"),
    72: ("EX_OSFILE", "5.3.0"),
    74: ("EX_IOERR", "5.3.0"),
    76: ("EX_PROTOCOL", "5.3.0"),
    77: ("EX_NOPERM", "5.7.0"),
    78: ("EX_CONFIG", "5.3.0"),
}


@dataclass(frozen=True, slots=True)
class Command:
    """`line` as it stands behind the bar; `limit` in seconds.

    `is_wanted` is asked now and then: does somebody still wait for the answer?
    """

    line: str
    environment: Mapping[str, str]
    directory: str
    limit: float
    is_wanted: Callable[[], bool]
    use_shell: bool = False

    def run(self, message: Iterator[bytes]) -> Answer:
        """Raises OSError when the message cannot be read; the command has been ended then."""
        try:
            words = [SHELL, "-c", self.line] if self.use_shell else shlex.split(self.line)
        except ValueError as error:
            return PutOff(0, f"the command {self.line!r} cannot be taken apart: {error}")
        if not words:
            return PutOff(0, "no command stands behind the bar")
        try:
            process = subprocess.Popen(  # noqa: S603 - it is the user's own, and we are the user
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env=dict(self.environment),
                start_new_session=True,
                bufsize=0,
            )
        except (OSError, ValueError) as error:
            number = getattr(error, "errno", 0) or 0
            return PutOff(number, f"the command {words[0]!r} cannot be started")
        why = ""
        with process:
            try:
                talk = _Talk(process, message, time.monotonic() + self.limit, self.is_wanted)
                why = talk.hold()
            finally:
                _end_group(process.pid)
        if why:
            return PutOff(0, f"the command {words[0]!r} {why}")
        return _judge(words[0], process.returncode, talk.output)


class _Talk:
    """Writes the message and reads what the command prints, neither of them for ever."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        message: Iterator[bytes],
        ends_at: float,
        is_wanted: Callable[[], bool],
    ) -> None:
        assert process.stdin
        assert process.stdout
        self.output = b""
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._message = message
        self._ends_at = ends_at
        self._is_wanted = is_wanted
        self._rest = memoryview(b"")
        self._peek_at = time.monotonic() + PEEK
        self._process = os.pidfd_open(process.pid)
        for pipe in (self._stdin, self._stdout):
            os.set_blocking(pipe.fileno(), False)

    def hold(self) -> str:
        """Until the command has ended; why it had to be ended by us, or ""."""
        try:
            while True:
                ready = self._ready()
                self._read()
                if self._process in ready:
                    return ""
                self._write()
                if time.monotonic() >= self._ends_at:
                    return "took too long, and was ended"
                if not self._is_awaited():
                    return "was ended: nobody waits for it any more"
        finally:
            os.close(self._process)

    def _is_awaited(self) -> bool:
        """Asked now and then."""
        now = time.monotonic()
        if now < self._peek_at:
            return True
        self._peek_at = now + PEEK
        return self._is_wanted()

    def _ready(self) -> set[int]:
        poll = select.poll()
        poll.register(self._process, select.POLLIN)
        if not self._stdout.closed:
            poll.register(self._stdout, select.POLLIN)
        if not self._stdin.closed:
            poll.register(self._stdin, select.POLLOUT)
        left = max(0.0, min(PEEK, self._ends_at - time.monotonic()))
        return {fd for fd, _ in poll.poll(left * 1000)}

    def _read(self) -> None:
        """All that is there; at its end the command may go on, but prints nothing more."""
        while not self._stdout.closed:
            try:
                block = os.read(self._stdout.fileno(), _BLOCK)
            except BlockingIOError:
                return
            if not block:
                self._stdout.close()
            self.output += block[: MOST_OUTPUT - len(self.output)]

    def _write(self) -> None:
        """A command that does not want all of it says by its status what that means."""
        if self._stdin.closed:
            return
        if not self._rest:
            block = next(self._message, b"")
            if not block:
                self._stdin.close()
                return
            self._rest = memoryview(block)
        try:
            written = os.write(self._stdin.fileno(), self._rest[:_BLOCK])
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._stdin.close()
            return
        self._rest = self._rest[written:]


def _end_group(pid: int) -> None:
    """The command is the first of a session of its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _judge(name: str, status: int, output: bytes) -> Answer:
    if status == 0:
        return Stored()
    said = _told(output)
    if status < 0:
        return PutOff(0, f"the command {name!r} was ended by {_signal(-status)}{said}")
    if status in _LATER:
        return PutOff(0, f"the command {name!r} returned {status} ({_LATER[status]}){said}")
    word, enhanced = _NEVER.get(status, ("", "5.3.0"))
    meaning = f" ({word})" if word else ""
    return Failed(enhanced, f"the command {name!r} returned {status}{meaning}{said}")


def _told(output: bytes) -> str:
    """What it printed, on one line that can stand in a log and in a report."""
    text = " ".join(output.decode("utf-8", "replace").split())
    text = "".join(c if c.isprintable() else "?" for c in text)
    return f": {text[:MOST_TOLD]}" if text else ""


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time one
        return f"signal {number}"
