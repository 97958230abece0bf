"""What of an order is obeyed, whoever says it, and what is none."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
from contextvars import ContextVar
from pathlib import Path

import pytest

from pymta.channel.control import Words, decode_words
from pymta.cli import identity
from pymta.cli.identity import NotOwnerError
from pymta.cli.ordered import RefusedError, carry_out, lists
from pymta.cli.via_daemon import order
from pymta.config import generation
from pymta.config.settings import Machine, Settings
from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.files import FileSpool
from pymta.spool.store import Seal
from tests.doubles.queued import put

ID = "1aaaaa-00000000001-0000"
HERE = Settings(machine=Machine("/nowhere", "/nowhere"))


def words(*said: str) -> Words:
    return Words(said[0], said[1:])


@pytest.mark.parametrize(
    "said",
    [
        words("pymta", "queue", "list", "--json"),
        words("sendmail", "-bp"),
        words("sendmail", "-bpru"),
        words("sendmail", "-bpc"),
    ],
    ids=str,
)
def test_listing_the_queue_is_no_more_than_that(said: Words) -> None:
    assert lists(said)


@pytest.mark.parametrize(
    "said",
    [
        words("pymta"),
        words("pymta", "queue"),
        words("pymta", "queue", "show", ID),
        words("pymta", "queue", "--state", "list"),
        words("pymta", "retry", "list"),
        words("sendmail", "-Mrm", ID),
        words("sendmail", "-Mvb", ID),
        words("sendmail", "-q"),
        words("sendmail", "-bd"),
    ],
    ids=str,
)
def test_all_else_is_for_administrators(said: Words) -> None:
    assert not lists(said)


@pytest.mark.parametrize(
    "said",
    [
        words("pymta"),
        words("pymta", "queue"),
        words("pymta", "queue", "--state", "/root", "list"),
        words("pymta", "queue", "--state=/root", "list"),
        words("pymta", "config", "show"),
        words("pymta", "user", "add", "eve"),
        words("pymta", "spool", "torture", "/"),
        words("sendmail", "-bd"),
        words("sendmail", "-bh", "192.0.2.1"),
        words("sendmail", "-C", "/etc/shadow", "-bp"),
        words("sendmail", "-bt", "a@b.example"),
        words("sendmail"),
    ],
    ids=str,
)
def test_what_is_no_order_is_refused_to_administrators_too(said: Words) -> None:
    with pytest.raises(RefusedError):
        carry_out(said, HERE)


def test_an_order_of_the_classic_line_is_about_the_queue_of_this_daemon(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", [])
    settings = Settings(machine=Machine(str(tmp_path), str(tmp_path)))
    generation.store(generation.current_file(tmp_path), settings)
    (tmp_path / "spool").mkdir(mode=0o700)
    id = put(tmp_path)

    assert carry_out(words("mailq", "-bp"), settings) == 0
    assert f" {id} <boss@c.example>\n" in capfd.readouterr().out


def test_who_hangs_up_ends_what_he_has_ordered(tmp_path: Path) -> None:
    """Even where it waits for him to read: a place for an order is free again."""
    current = generation.current_file(tmp_path)
    generation.store(current, Settings(machine=Machine(str(tmp_path), str(tmp_path))))
    (tmp_path / "spool").mkdir(mode=0o700)
    to = tuple(Recipient(f"user{n}@d.example") for n in range(2000))  # more than a pipe holds
    intake = FileSpool(tmp_path / "spool").begin(Envelope("a@b.example", to, 1e9))
    intake.commit(Seal())
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = f"exec {sys.executable} -P -m pymta.cli.ordered {current} 3<&{theirs.fileno()}"
    command = ["bash", "-c", f"trap '' INT; {program}"]  # as what a script leaves in the background
    process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    theirs.close()
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    listing = words("pymta", "queue", "list").encode()
    socket.send_fds(ours, [listing], [write, write])
    assert os.read(read, 1)

    ours.close()

    assert process.wait(60) == 130
    os.close(read)
    os.close(write)


@pytest.mark.parametrize("packet", [b"", b"[]", b"{}", b"[1]", b'["pymta",["x"]]', b"[" * 50_000])
def test_words_that_are_none_are_refused(packet: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_words(packet)


def test_words_come_back_as_they_were() -> None:
    said = words("pymta", "queue", "list", "--sender", "\udcff\n\u00e9")

    assert decode_words(said.encode()) == said


def test_who_acts_for_another_asks_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that does not own its queue would ask itself for ever."""
    monkeypatch.setattr("pymta.cli.via_daemon.is_ordered", lambda: True)
    refusal = NotOwnerError("/nowhere", "it belongs to root")

    with pytest.raises(NotOwnerError):
        order("pymta", ["queue", "list"], refusal)


def test_other_commands_are_not_carried_to_the_daemon() -> None:
    refusal = NotOwnerError("/nowhere", "it belongs to root")

    with pytest.raises(NotOwnerError):
        order("pymta", ["spool", "verify"], refusal)


def test_the_log_names_who_has_ordered_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert identity.login_name() == identity.account_name(os.getuid())
    monkeypatch.setattr(identity, "_orderer", ContextVar("orderer", default="alice"))

    assert identity.login_name() == "alice"
