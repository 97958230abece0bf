"""The control socket as both of its sides know it: name, packets, and who is at the other end.

A request is one packet, ``word`` or ``word argument`` in ASCII.  The answer is one packet as well,
``ok`` or ``failed`` and a text; one that is too large for a packet lies in an open file that
comes with the word ``ok``.

Behind the word ``order`` comes a second packet, `Words`, with the standard output and standard
error of whoever asks; a process that the daemon starts for it reads it, and answers ``ok`` and an
exit status.

Touches: sockets, descriptors.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pymta.channel.peer import peer_of
from pymta.config.rights import Person
from pymta.dataclass import dataclass

NAME = "control"  # in the runtime directory
LONGEST = 4096  # bytes of a request
LONGEST_ANSWER = 60_000  # bytes of an answer in a packet; the kernel takes three times that
ORDER = "order"
MOST_WORDS = 100_000  # bytes of the words of an order; the kernel takes twice that
OK = "ok"
FAILED = "failed"
# What a failed request hears that would not fail for others, or later.
ONLY = "only root"
STOPPING = "the daemon is stopping"
BUSY = "too many"

_PEERGROUPS = 59  # SO_PEERGROUPS of asm-generic/socket.h, Linux 4.13; Python has no name for it
_MOST_GROUPS = 256  # what fits into the 1024 bytes that Python reads of a socket option


@dataclass(frozen=True, slots=True)
class Words:
    """What was typed behind `program`: ``pymta``, or another name for the classic command line."""

    program: str
    words: tuple[str, ...]

    def encode(self) -> bytes:
        return json.dumps([self.program, *self.words]).encode("ascii")


def decode_words(packet: bytes) -> Words:
    """Raises ValueError."""
    try:
        found = json.loads(packet)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(found, list) or not found or not all(isinstance(w, str) for w in found):
        raise ValueError("want a program and its words")
    return Words(found[0], tuple(found[1:]))


@contextmanager
def address_in(directory: Path | str, name: str = NAME) -> Iterator[str]:
    """The address of a socket while the block lasts, and for bind(2) and connect(2) only.

    By way of the directory's descriptor: sun_path holds 107 bytes, a directory may have more.
    Raises OSError when there is no such directory.
    """
    at = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{at}/{name}"
    finally:
        os.close(at)


def pid_at(sock: socket.socket) -> int:
    """Who connected, or whose socket it was that we connected to, as a process."""
    return peer_of(sock).pid


def person_at(sock: socket.socket) -> Person:
    """The same as a user, with the groups of that moment (SO_PEERCRED, SO_PEERGROUPS)."""
    peer = peer_of(sock)
    return Person(peer.uid, frozenset({peer.gid, *_more_groups(sock)}))


def _more_groups(sock: socket.socket) -> tuple[int, ...]:
    """None of them for a process in more than we can read: it is judged by its first group."""
    try:
        raw = sock.getsockopt(socket.SOL_SOCKET, _PEERGROUPS, 4 * _MOST_GROUPS)
    except OSError:
        return ()
    return struct.unpack(f"{len(raw) // 4}I", raw)
