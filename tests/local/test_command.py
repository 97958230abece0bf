"""A command gets the message, and its end says what became of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pymta.local.command import MOST_TOLD, Command
from pymta.transport.local_request import Answer, Failed, PutOff, Stored
from tests.doubles.daemon import wait_until

MESSAGE = b"From s@example.net now\nSubject: x\n\nhello\n"
SH = "/bin/sh -c "
ENVIRONMENT = {"PATH": os.environ["PATH"], "LOCAL_PART": "alice"}


def run(
    line: str,
    message: Iterator[bytes] | None = None,
    *,
    limit: float = 20.0,
    is_wanted: Callable[[], bool] = lambda: True,
    use_shell: bool = False,
    directory: str = "/",
) -> Answer:
    command = Command(line, ENVIRONMENT, directory, limit, is_wanted, use_shell)
    return command.run(message or iter([MESSAGE]))


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_it_reads_the_message_where_it_wants_and_knows_for_whom(tmp_path: Path) -> None:
    found = run(
        f"{SH}'cat >got; echo $LOCAL_PART >>got; env | wc -l >>got'", directory=f"{tmp_path}"
    )
    assert found == Stored()
    content = (tmp_path / "got").read_bytes()
    assert content.startswith(MESSAGE + b"alice\n")
    assert int(content.split()[-1]) <= len(ENVIRONMENT) + 3  # and what a shell adds


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("printf %s. a b", "a.b."),
        ("printf %s. 'a b' \"c d\"", "a b.c d."),
        ('printf %s. "a \\" b" c\\ d', 'a " b.c d.'),
        ("printf %s. $HOME *", "$HOME.*."),
        ("printf %s. a|cat;b>c", "a|cat;b>c."),
    ],
)
def test_a_line_is_taken_apart_and_no_shell_reads_it(tmp_path: Path, line: str, words: str) -> None:
    """What it prints shows in the reason, if it fails; so `false` is run behind it."""
    script = tmp_path / "told"
    script.write_text(f'#!/bin/sh\n"$@" >{tmp_path}/out\n')
    script.chmod(0o755)
    assert run(f"{script} {line}") == Stored()
    assert (tmp_path / "out").read_text() == words


def test_a_shell_reads_it_where_that_is_wanted(tmp_path: Path) -> None:
    line = f"IFS=' ' && exec cat >{tmp_path}/got || exit 75 #alice"
    assert run(line, use_shell=True) == Stored()
    assert (tmp_path / "got").read_bytes() == MESSAGE


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (0, Stored()),
        (1, Failed("5.3.0", "the command '/bin/sh' returned 1: no such thing")),
        (64, Failed("5.3.0", "the command '/bin/sh' returned 64 (EX_USAGE): no such thing")),
        (67, Failed("5.1.1", "the command '/bin/sh' returned 67 (EX_NOUSER): no such thing")),
        (71, PutOff(0, "the command '/bin/sh' returned 71 (EX_OSERR): no such thing")),
        (73, PutOff(0, "the command '/bin/sh' returned 73 (EX_CANTCREAT): no such thing")),
        (75, PutOff(0, "the command '/bin/sh' returned 75 (EX_TEMPFAIL): no such thing")),
        (77, Failed("5.7.0", "the command '/bin/sh' returned 77 (EX_NOPERM): no such thing")),
        (127, Failed("5.3.0", "the command '/bin/sh' returned 127: no such thing")),
    ],
)
def test_the_status_says_what_becomes_of_the_message(status: int, answer: Answer) -> None:
    """sysexits(3)"""
    assert run(f"{SH}'echo no such; echo thing >&2; exit {status}'") == answer


def test_who_is_ended_by_a_signal_is_tried_again() -> None:
    assert run(f"{SH}'kill -9 $$'") == PutOff(0, "the command '/bin/sh' was ended by SIGKILL")
    found = run(f"{SH}'kill -40 $$'")
    assert found == PutOff(0, "the command '/bin/sh' was ended by signal 40")


def test_what_it_prints_is_told_on_one_line_and_only_so_much() -> None:
    found = run(f"{SH}'printf \"a\\033[1mb\\377\\n\\n c\"; head -c 100000 /dev/zero; exit 1'")
    assert isinstance(found, Failed)
    said = found.why.partition("returned 1: ")[2]
    assert said.startswith("a?[1mb\ufffd c")
    assert len(said) <= MOST_TOLD
    assert said.isprintable()


def test_a_command_that_does_not_read_its_message_is_believed() -> None:
    """It may know by the envelope what it wants."""
    blocks = iter([b"x" * 100_000] * 20)
    assert run(f"{SH}'exit 0'", blocks) == Stored()
    assert isinstance(run(f"{SH}'exec <&-; sleep 0.1; exit 1'", iter([b"x" * 300_000])), Failed)


def test_a_long_message_arrives_whole_whatever_is_printed_meanwhile(tmp_path: Path) -> None:
    blocks = iter([b"0123456789abcdef" * 4096] * 40)
    assert run(f"tee {tmp_path}/got", blocks) == Stored()
    assert (tmp_path / "got").stat().st_size == 40 * 65536


@pytest.mark.parametrize("line", ["", "   ", "'open", '"open', "/no/such/command x", "/etc/passwd"])
def test_what_cannot_be_started_waits_until_somebody_has_mended_it(line: str) -> None:
    assert isinstance(run(line), PutOff)


def test_who_takes_too_long_is_ended_with_all_that_he_has_started(tmp_path: Path) -> None:
    line = f"{SH}'sleep 600 & echo $! $$ >{tmp_path}/pids; wait'"
    began = time.monotonic()
    found = run(line, limit=0.5)
    assert found == PutOff(0, "the command '/bin/sh' took too long, and was ended")
    assert time.monotonic() - began < 10
    pids = [int(word) for word in (tmp_path / "pids").read_text().split()]
    wait_until(lambda: not any(map(is_alive, pids)), "a process is left")


def test_what_it_leaves_running_ends_with_it(tmp_path: Path) -> None:
    """And is not waited for, though it still holds the pipe."""
    found = run(f"{SH}'sleep 600 & echo $! >{tmp_path}/pid'")
    assert found == Stored()
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not is_alive(pid), "a process is left")


def test_a_command_for_which_nobody_waits_any_more_is_ended() -> None:
    found = run("sleep 600", is_wanted=lambda: False)
    assert isinstance(found, PutOff)
    assert "nobody waits" in found.why


def test_a_message_that_cannot_be_read_ends_the_command(tmp_path: Path) -> None:
    def damaged() -> Iterator[bytes]:
        yield MESSAGE
        raise OSError(5, "the message is cut short")

    with pytest.raises(OSError, match="cut short"):
        run(f"{SH}'echo $$ >{tmp_path}/pid; cat >/dev/null; touch {tmp_path}/whole'", damaged())
    assert not (tmp_path / "whole").exists()
