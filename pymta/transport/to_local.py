"""Into the home directory of a system user: hand the open message to the helper that may go there.

The message is written once into a file without a name, with LF line ends, and every recipient's
delivery reads that file; it is opened for reading only, so none of them can change it for another.
On the way it is read to its end, so a damaged one is never handed over.

Every wait has a limit.  Where it is exceeded, or the helper dies, nobody knows whether the message
was stored; the next attempt stores it under the same name.

Touches: sockets, disk.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pymta.channel.control import address_in
from pymta.transport.classify import Delivered, Later, Never, Outcome
from pymta.transport.hand import Hand
from pymta.transport.local_request import (
    LONGEST_ANSWER,
    TAKEN,
    Answer,
    Deed,
    Failed,
    Forward,
    Nothing,
    PutOff,
    Request,
    Stored,
    decode_answer,
    encode_request,
)
from pymta.transport.mailboxes import file_name
from pymta.transport.parcel import Parcel

# Seconds until somebody works on it: must exceed the time that the helper lets a request wait
# (`pymta.local.rota.LONGEST_WAIT`), and a restart of the helper by the service manager.
TAKEN_WITHIN = 40.0
# Seconds that the helper has beyond its own limit to say so.
GRACE = 10.0

_ITEMS = {Deed.ITEM, Deed.ALIAS}


class Helper:
    """The helper that listens at this path; `scratch` is a directory for files without a name.

    `limit` are the seconds that a delivery may take, and `longer` what a command may take besides.
    """

    def __init__(self, address: str, scratch: Path, limit: float, longer: float = 0.0) -> None:
        self._directory, _, self._name = address.rpartition("/")
        self._address = address
        self._scratch = scratch
        self._limit = limit
        self._longer = longer

    @contextmanager
    def opened(self, parcel: Parcel) -> Iterator[Hand]:
        """What hands this message to one user after another.  Raises OSError, SpoolError."""
        fd = self._copy(parcel)
        try:
            size = os.fstat(fd).st_size

            def hand(
                account: str, recipient: str, deed: Deed, item: str = "", /
            ) -> Outcome | Forward | Nothing:
                name = file_name(parcel.id, recipient)
                request = Request(account, name, size, parcel.sender, recipient, deed, item)
                if not parcel.is_mine():
                    return Later(0, why="message was taken over by another process")
                return _outcome(self._ask(request, fd), deed)

            yield hand
        finally:
            os.close(fd)

    def _copy(self, parcel: Parcel) -> int:
        own = _nameless(self._scratch)
        try:
            for block in parcel.as_file():
                rest = memoryview(block)
                while rest:
                    rest = rest[os.write(own, rest) :]
            return os.open(f"/proc/self/fd/{own}", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            os.close(own)

    def _ask(self, request: Request, fd: int) -> Answer:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
            sock.settimeout(TAKEN_WITHIN)
            try:
                with address_in(self._directory, self._name) as where:
                    sock.connect(where)
                rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", fd))]
                sock.sendmsg([encode_request(request)], rights, socket.MSG_NOSIGNAL)
                packet = sock.recv(LONGEST_ANSWER)
                if packet == TAKEN:
                    longer = self._longer if request.item.startswith("|") else 0.0
                    sock.settimeout(self._limit + longer + GRACE)
                    packet = sock.recv(LONGEST_ANSWER)
            except TimeoutError:
                return PutOff(0, f"the delivery helper at {self._address} gave no answer in time")
            except OSError as error:
                return PutOff(error.errno or 0, f"the delivery helper at {self._address}")
        return _answer(packet)


def _answer(packet: bytes) -> Answer:
    if not packet:
        return PutOff(0, "the delivery process ended without an answer")
    try:
        return decode_answer(packet)
    except ValueError:
        return PutOff(0, "the delivery helper gave an answer that nobody understands")


def _outcome(answer: Answer, deed: Deed) -> Outcome | Forward | Nothing:
    match answer:
        case Stored() if deed is not Deed.LOOK:
            return Delivered()
        case Failed(enhanced, why) if deed in _ITEMS:
            return Never(why, enhanced)
        case PutOff(number, why):
            return Later(number, os.strerror(number) if number else "", why)
        case Forward() if deed in {Deed.FORWARD, Deed.LOOK}:
            return answer
        case Nothing() if deed in {Deed.LOOK, Deed.ITEM}:
            return answer
    return Later(0, why="the delivery helper gave an answer to another question")


def _nameless(directory: Path) -> int:
    """A new file that no name leads to; in memory where the file system has none."""
    try:
        return os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:
        return os.memfd_create("pymta-message")
