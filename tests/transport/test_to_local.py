"""Handing a message to the helper: what it gets, and what becomes of every way to answer."""

from __future__ import annotations

import errno
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.spool.store import SpoolError
from pymta.transport import to_local
from pymta.transport.classify import Delivered, Later, Outcome
from pymta.transport.hand import Hand
from pymta.transport.local_request import (
    TAKEN,
    Answer,
    Deed,
    Forward,
    Nothing,
    PutOff,
    Request,
    Stored,
    decode_request,
    encode_answer,
)
from pymta.transport.parcel import Parcel
from pymta.transport.to_local import GRACE, Helper

ID = "1wIcRd-000000012Tz-1abc"
PARCEL = Parcel(
    id=ID,
    sender="s@example.net",
    recipients=("alice@localhost", "bob@localhost"),
    on_top=b"Received: by us\r\n",
    size=30,
    eight_bit=False,
    blocks=lambda: iter([b"Subject: x\r", b"\n\r\nhi"]),
    is_mine=lambda: True,
)
CONTENT = b"Received: by us\nSubject: x\n\nhi\n"


def test_binary_mail_keeps_every_octet() -> None:
    """RFC 3030 s3"""
    octets = b"Subject: x\r\n\r\n\0\r\n\n\r"
    binary = replace(PARCEL, is_binary=True, blocks=lambda: iter([octets]))

    assert b"".join(binary.as_file()) == b"Received: by us\r\n" + octets


class FakeHelper:
    """Answers each connection with the packets of `says`; `asked` is what it was asked."""

    def __init__(self, directory: Path, says: list[bytes], *, ends: bool) -> None:
        self.path = directory / "socket"
        self.says, self._ends = says, ends
        self.asked: list[tuple[Request, bytes, bool]] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            packet, (fd,), _, _ = socket.recv_fds(sock, 8192, 1)
            self.asked.append((decode_request(packet), os.pread(fd, 1 << 20, 0), is_writable(fd)))
            os.close(fd)
            for said in self.says:
                sock.send(said)
            if self._ends:
                sock.close()
            else:
                self._open.append(sock)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for sock in (self._listener, *self._open):
            sock.close()


def is_writable(fd: int) -> bool:
    try:
        os.write(fd, b"x")
    except OSError:
        return False
    return True


Make = Callable[..., FakeHelper]


@pytest.fixture
def fake() -> Iterator[Make]:
    made: list[FakeHelper] = []
    with tempfile.TemporaryDirectory(prefix="pymta-") as directory:

        def make(*says: bytes, ends: bool = True) -> FakeHelper:
            made.append(FakeHelper(Path(directory), list(says), ends=ends))
            return made[0]

        yield make
        for one in made:
            one.close()


@contextmanager
def handing(path: Path, parcel: Parcel = PARCEL, limit: float = 20.0) -> Iterator[Hand]:
    with Helper(str(path), path.parent, limit).opened(parcel) as hand:
        yield hand


def ask(
    path: Path, *, deed: Deed = Deed.FORWARD, limit: float = 20.0
) -> Outcome | Forward | Nothing:
    with handing(path, limit=limit) as hand:
        return hand("alice", "alice@localhost", deed)


def test_the_helper_gets_the_message_and_a_name_and_nothing_that_it_must_believe(
    fake: Make,
) -> None:
    helper = fake(TAKEN, encode_answer(Stored()))
    assert ask(helper.path) == Delivered()
    ((request, content, was_writable),) = helper.asked
    assert content == CONTENT
    assert not was_writable
    assert (request.account, request.size, request.deed) == ("alice", len(CONTENT), Deed.FORWARD)
    assert (request.sender, request.recipient) == ("s@example.net", "alice@localhost")
    assert request.file.startswith("1777598009." + ID)


def test_two_users_get_one_copy_under_two_names(fake: Make) -> None:
    helper = fake(TAKEN, encode_answer(Stored()))
    reads: list[int] = []

    def blocks() -> Iterator[bytes]:
        reads.append(1)
        yield b"x\r\n"

    with handing(helper.path, replace(PARCEL, blocks=blocks)) as hand:
        for account in ("alice", "bob"):
            assert hand(account, f"{account}@localhost", Deed.STORE) == Delivered()
    assert len(reads) == 1
    (first, *_), (second, *_) = helper.asked
    assert first.file != second.file
    assert list(helper.path.parent.iterdir()) == [helper.path]


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        ([encode_answer(Stored())], Delivered()),  # before it could say that it had taken it
        (
            [TAKEN, encode_answer(PutOff(errno.EDQUOT, "cannot store"))],
            Later(errno.EDQUOT, os.strerror(errno.EDQUOT), "cannot store"),
        ),
        ([TAKEN, encode_answer(PutOff(0, "it hangs"))], Later(0, "", "it hangs")),
        ([TAKEN, encode_answer(Forward(b"bob"))], Forward(b"bob")),
        ([TAKEN], Later(0, why="the delivery process ended without an answer")),
        ([], Later(0, why="the delivery process ended without an answer")),
        (
            [TAKEN, b"what?"],
            Later(0, why="the delivery helper gave an answer that nobody understands"),
        ),
    ],
)
def test_every_answer_is_an_outcome(
    fake: Make, says: list[bytes], outcome: Outcome | Forward
) -> None:
    assert ask(fake(*says).path) == outcome


def test_who_is_only_asked_after_a_forward_may_have_none(fake: Make) -> None:
    assert ask(fake(TAKEN, encode_answer(Nothing())).path, deed=Deed.LOOK) == Nothing()


@pytest.mark.parametrize(
    ("deed", "answer"),
    [
        (Deed.STORE, Forward(b"bob")),
        (Deed.STORE, Nothing()),
        (Deed.FORWARD, Nothing()),
        (Deed.LOOK, Stored()),
    ],
)
def test_what_was_not_asked_for_is_no_answer(fake: Make, deed: Deed, answer: Answer) -> None:
    helper = fake(TAKEN, encode_answer(answer))
    found = ask(helper.path, deed=deed)
    assert found == Later(0, why="the delivery helper gave an answer to another question")


@pytest.mark.parametrize("says", [[], [TAKEN]], ids=["not taken", "taken and never done"])
def test_a_helper_that_is_silent_is_waited_for_only_so_long(
    fake: Make, says: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_local, "TAKEN_WITHIN", 0.2)
    helper = fake(*says, ends=False)
    found = ask(helper.path, limit=0.2 - GRACE)
    why = f"the delivery helper at {helper.path} gave no answer in time"
    assert found == Later(0, why=why)


def test_nobody_listens(tmp_path: Path) -> None:
    found = ask(tmp_path / "socket")
    assert found == Later(
        errno.ENOENT, os.strerror(errno.ENOENT), f"the delivery helper at {tmp_path}/socket"
    )


def test_a_message_that_another_process_has_taken_over_is_not_handed_over(fake: Make) -> None:
    helper = fake(TAKEN, encode_answer(Stored()))
    with handing(helper.path, replace(PARCEL, is_mine=lambda: False)) as hand:
        assert isinstance(hand("alice", "alice@localhost", Deed.STORE), Later)
    assert helper.asked == []


def test_a_damaged_message_is_not_handed_over(fake: Make) -> None:
    def damaged() -> Iterator[bytes]:
        yield b"x"
        raise SpoolError(errno.EBADMSG, "the message is damaged")

    helper = fake(TAKEN, encode_answer(Stored()))
    with (
        pytest.raises(SpoolError, match="damaged"),
        handing(helper.path, replace(PARCEL, blocks=damaged)),
    ):
        pass
    assert helper.asked == []


def test_where_a_file_system_has_no_nameless_files_there_is_memory(
    fake: Make, tmp_path: Path
) -> None:
    helper = fake(TAKEN, encode_answer(Stored()))
    with Helper(str(helper.path), tmp_path / "missing", 20.0).opened(PARCEL) as hand:
        assert hand("alice", "alice@localhost", Deed.STORE) == Delivered()
    assert helper.asked[0][1] == CONTENT
    assert not helper.asked[0][2]
