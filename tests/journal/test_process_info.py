"""The line that a process writes of itself, and the signal that makes it (SL-06)."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

from pymta.config.process import Process
from pymta.config.settings import Machine, Settings
from pymta.journal.process_info import LONGEST, line, path_of, told_on_signal, write


def test_a_line_has_the_pid_in_five_columns() -> None:
    assert line(37, "running queue") == b"   37 running queue\n"
    assert line(4_194_303, "running queue") == b"4194303 running queue\n"


def test_a_line_is_short_and_plain_whatever_a_client_calls_itself() -> None:
    long = line(1, "handling incoming connection from (" + "x" * 500)

    assert len(long) == LONGEST + 1
    assert long.endswith(b"x\n")
    assert line(1, "Gr\xfc\xdfe \udc80\n") == b"    1 Gr\\xfc\\xdfe \\x80\\x0a\n"


def test_it_lies_in_the_state_directory_unless_told_otherwise() -> None:
    settings = Settings(machine=Machine(state_directory="/var/lib/pymta"))
    elsewhere = replace(settings, process=Process(process_log_path="/run/pymta/info"))

    assert path_of(settings) == Path("/var/lib/pymta/pymta-process.info")
    assert path_of(elsewhere) == Path("/run/pymta/info")


def test_the_signal_is_heard_within_and_as_before_afterwards(tmp_path: Path) -> None:
    settings = Settings(machine=Machine(state_directory=str(tmp_path)))
    before = signal.getsignal(signal.SIGUSR1)
    texts = ["first", "second"]

    with told_on_signal(settings, lambda: texts.pop(0)):
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR1)

    me = f"{os.getpid():5}"
    assert (tmp_path / "pymta-process.info").read_text() == f"{me} first\n{me} second\n"
    assert signal.getsignal(signal.SIGUSR1) is before


def test_a_link_to_somewhere_else_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "info").symlink_to(precious)

    assert write(tmp_path / "info", b"x\n") == f"{tmp_path}/info: Too many levels of symbolic links"
    assert precious.read_text() == "precious"
