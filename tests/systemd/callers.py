"""Clients of every kind, without a pause: `callers.py NUMBER`, inside a box.

So many threads at a time connect to port 25, until standard input ends.  Of four sessions one says
QUIT at once, two send a message, and one is slow: it idles between its commands, and in the middle
of its message.  Prints as JSON what came of them, see `Outcome`; times are those of the monotonic
clock, which is one for the box and the machine.

Touches: sockets, standard input and output, clock.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

ANSWERS_WITHIN = 40.0  # seconds: more than a start after a kill, less than for ever
SLOW = 3  # of four kinds
IDLE = 0.25  # seconds


class SentAwayError(Exception):
    """421: it was told, and tries again."""


class LostError(Exception):
    """A reply was due and did not come; the argument says where."""


class Outcome:
    """What became of all sessions.

    `sent` are the numbers of messages that were answered 250.  `lost` has for each session that
    ended without a reply when it began, when it ended, and at what.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.served = self.sent_away = self.refused = 0
        self.sent: list[str] = []
        self.lost: list[tuple[float, float, str]] = []

    def count(self, session: Callable[[], None]) -> None:
        began = time.monotonic()
        what, where = "served", ""
        try:
            session()
        except SentAwayError:
            what = "sent_away"
        except ConnectionRefusedError:
            what = "refused"
        except LostError as error:
            what, where = "lost", str(error)
        except OSError as error:
            what, where = "lost", f"connect: {error}"
        with self._lock:
            if what == "lost":
                self.lost.append((began, time.monotonic(), where))
            else:
                setattr(self, what, getattr(self, what) + 1)

    def safe(self, number: str) -> None:
        with self._lock:
            self.sent.append(number)

    def as_json(self) -> str:
        names = ("served", "sent_away", "refused", "sent", "lost")
        return json.dumps({name: getattr(self, name) for name in names})


class Session:
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._lines: BinaryIO = sock.makefile("rb")
        self.expect("greeting")

    def say(self, command: str) -> None:
        self.send(f"{command}\r\n")
        self.expect(command.partition(":")[0])

    def send(self, text: str) -> None:
        with suppress(OSError):  # what we were told before stands in the buffer
            self._sock.sendall(text.encode())

    def expect(self, what: str) -> None:
        line = b"-"
        try:
            while line[3:4] in {b"-", b""}:
                line = self._lines.readline()
                if not line.endswith(b"\n"):
                    raise LostError(f"{what}: closed")
        except OSError as error:
            raise LostError(f"{what}: {error}") from error
        if line.startswith(b"421"):
            raise SentAwayError
        if line[:1] not in {b"2", b"3"}:
            raise LostError(f"{what}: {line!r}")


def one_session(number: str, kind: int, outcome: Outcome) -> None:
    def idle() -> None:
        time.sleep(IDLE if kind == SLOW else 0)

    with socket.create_connection(("127.0.0.1", 25), ANSWERS_WITHIN) as sock:
        session = Session(sock)
        if kind:
            session.say("EHLO caller.example")
            idle()
            session.say(f"MAIL FROM:<{number}@caller.example>")
            session.say("RCPT TO:<user@localhost>")
            idle()
            session.say("DATA")
            session.send(f"X-Number: {number}\r\n\r\nhalf\r\n")
            idle()
            session.send("the other half\r\n.\r\n")
            session.expect("the end of a message")
            outcome.safe(number)
            idle()
        session.say("QUIT")


def main(callers: int) -> None:
    outcome, ended = Outcome(), threading.Event()

    def call_on(caller: int) -> None:
        count = 0
        while not ended.is_set():
            number, kind = f"{caller}-{count}", count % 4
            outcome.count(lambda: one_session(number, kind, outcome))  # noqa: B023 - called at once
            count += 1

    threads = [threading.Thread(target=call_on, args=(n,)) for n in range(callers)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()
    print(outcome.as_json())


if __name__ == "__main__":
    main(int(sys.argv[1]))
