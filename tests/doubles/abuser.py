"""Clients that mean no good, each as large as a test wants it, and what they cost the worker.

An attack gets a connection that was greeted.  It leaves it open, so that the worker's memory can be
looked at, and gives the replies that it heard.

Touches: sockets, processes, clock, disk.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.doubles.daemon import DEADLINE, HOSTNAME, Daemon, wait_until

BLOCK = 1 << 16
HELLO = b"EHLO client.test\r\n"
SENDER = b"MAIL FROM:<a@client.test>\r\n"
RECIPIENT = b"RCPT TO:<user@" + HOSTNAME.encode() + b">\r\n"
TO_DATA = (HELLO, SENDER, RECIPIENT, b"DATA\r\n")

Attack = Callable[["Abuser", int], Counter[str]]


class Abuser:
    """A connection to a daemon, and its worker.

    Replies are counted by their codes, those of several lines once.
    """

    def __init__(self, made: Daemon) -> None:
        before = _children(made.pid)
        self.sock = made.raw()
        self._buffer = b""
        assert self.hear() == "220"
        (self.worker,) = _children(made.pid) - before

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def hear(self) -> str:
        """The code of one reply; "" at the end of file."""
        while True:
            line, end, rest = self._buffer.partition(b"\r\n")
            if end:
                self._buffer = rest
                if line[3:4] != b"-":
                    return line[:3].decode()
                continue
            more = self.sock.recv(BLOCK)
            if not more:
                return ""
            self._buffer += more

    def ask(self, *lines: bytes) -> list[str]:
        """One after the other."""
        return [self.tell(line) for line in lines]

    def tell(self, line: bytes) -> str:
        self.sock.sendall(line)
        return self.hear()

    def pour(self, block: bytes, size: int) -> None:
        """Send so many octets of it, again and again, and stop when nobody takes them."""
        while size > 0:
            self.sock.sendall(block[:size])
            size -= len(block)

    def reset(self) -> None:
        """Close with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def _children(pid: int) -> set[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return {int(child) for child in text.split()}


def most_memory(pid: int) -> int:
    """The most that it ever held, in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise KeyError(pid)


def endless_command(abuser: Abuser, size: int) -> Counter[str]:
    abuser.tell(HELLO)
    abuser.pour(b"A" * BLOCK, size)
    return Counter([abuser.tell(b"\r\n"), abuser.tell(b"NOOP\r\n")])


def crowd_of_recipients(abuser: Abuser, count: int) -> Counter[str]:
    """All sent as fast as somebody takes them, while the replies are read."""
    abuser.ask(HELLO, SENDER)
    wanted = b"".join(b"RCPT TO:<r%d@elsewhere.test>\r\n" % n for n in range(count))
    heard, at, tail = Counter[str](), 0, b""
    abuser.sock.setblocking(False)
    end, poll = time.monotonic() + 20 * DEADLINE, select.poll()
    while heard.total() < count:
        assert time.monotonic() < end
        poll.register(abuser.sock, select.POLLIN | (select.POLLOUT if at < len(wanted) else 0))
        ((_, ready),) = poll.poll(DEADLINE * 1000)
        if ready & select.POLLOUT:
            at += abuser.sock.send(wanted[at : at + BLOCK])
        if ready & ~select.POLLOUT:
            *lines, tail = (tail + abuser.sock.recv(BLOCK)).split(b"\r\n")
            heard.update(line[:3].decode() for line in lines)
            assert lines or tail
    abuser.sock.settimeout(DEADLINE)
    return heard


def large_message(abuser: Abuser, size: int) -> Counter[str]:
    """It does not say beforehand how large it is."""
    abuser.ask(*TO_DATA)
    abuser.pour((b"x" * 76 + b"\r\n") * 800, size)
    return Counter([abuser.tell(b"\r\n.\r\n"), abuser.tell(b"NOOP\r\n")])


def large_chunk(abuser: Abuser, size: int) -> Counter[str]:
    """It says so, and comes all the same."""
    abuser.ask(*TO_DATA[:3])
    abuser.sock.sendall(b"BDAT %d LAST\r\n" % size)
    abuser.pour((b"x" * 76 + b"\r\n") * 800, size)
    return Counter([abuser.hear(), abuser.tell(b"NOOP\r\n")])


def small_chunks(abuser: Abuser, count: int) -> Counter[str]:
    """An octet each, a thousand at a time."""
    abuser.ask(*TO_DATA[:3])
    heard = Counter[str]()
    for _ in range(count // 1000):
        abuser.sock.sendall(b"BDAT 1\r\nx" * 1000)
        heard.update(abuser.hear() for _ in range(1000))
    heard.update([abuser.tell(b"BDAT 0 LAST\r\n")])
    return heard


def many_fields(abuser: Abuser, size: int) -> Counter[str]:
    abuser.ask(*TO_DATA)
    abuser.pour(b"A: b\r\n" * 10_000, size)
    return Counter([abuser.tell(b"\r\n.\r\n"), abuser.tell(b"NOOP\r\n")])


def folded_field(abuser: Abuser, size: int) -> Counter[str]:
    abuser.ask(*TO_DATA)
    abuser.sock.sendall(b"Subject: a\r\n")
    abuser.pour(b" b\r\n" * 10_000, size)
    return Counter([abuser.tell(b"\r\n.\r\n"), abuser.tell(b"NOOP\r\n")])


def endless_field(abuser: Abuser, size: int) -> Counter[str]:
    abuser.ask(*TO_DATA)
    abuser.sock.sendall(b"Message-ID: <")
    abuser.pour(b"a" * BLOCK, size)
    return Counter([abuser.tell(b"\r\n.\r\n"), abuser.tell(b"NOOP\r\n")])


def seconds_of_a_good_client(made: Daemon) -> float:
    """One message, from the call to the answer to QUIT."""
    began = time.monotonic()
    made.send(f"user@{HOSTNAME}")
    return time.monotonic() - began


def wait_for_end_of(pid: int) -> None:
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), f"the end of {pid}")
