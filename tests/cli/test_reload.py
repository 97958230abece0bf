"""`pymta reload` against a control socket that answers, refuses, or says nothing."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.cli.app import run
from pymta.config import generation
from pymta.config.settings import Machine, Settings


@contextmanager
def control(directory: Path, answer: Callable[[bytes], bytes | None]) -> Iterator[list[bytes]]:
    """A daemon's control socket for one request; None: it never answers."""
    heard: list[bytes] = []
    at = os.open(directory, os.O_PATH)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"/proc/self/fd/{at}/control")
        os.close(at)
        listener.listen()
        listener.settimeout(10)
        is_over = threading.Event()

        def serve() -> None:
            with listener.accept()[0] as caller:
                heard.append(caller.recv(100))
                said = answer(heard[0])
                if said is None:
                    is_over.wait(10)
                elif said:
                    caller.send(said)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield heard
        finally:
            is_over.set()
            thread.join()


def test_what_the_daemon_says_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control(tmp_path, lambda _: b"ok configuration 4 in force") as heard:
        assert run(["reload", "--state", str(tmp_path)]) == 0

    assert heard == [b"reload"]
    assert capsys.readouterr().out == "configuration 4 in force\n"


def test_a_refused_reload_fails_visibly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = b"failed /etc/pymta/pymta.toml:3: smtp_acept_max: no such setting"
    with control(tmp_path, lambda _: said):
        assert run(["reload", "--state", str(tmp_path)]) == os.EX_CONFIG

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "pymta: /etc/pymta/pymta.toml:3: smtp_acept_max: no such setting\n"


def test_a_daemon_that_does_not_answer_in_time_is_a_temporary_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control(tmp_path, lambda _: None):
        assert run(["reload", "--state", str(tmp_path), "--wait", "0.1"]) == os.EX_TEMPFAIL
    assert "no answer within 0.1 seconds" in capsys.readouterr().err


def test_of_a_daemon_that_hangs_up_nobody_knows_whether_it_has_reloaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says nothing about the settings."""
    with control(tmp_path, lambda _: b""):
        assert run(["reload", "--state", str(tmp_path)]) == os.EX_TEMPFAIL
    assert "hung up" in capsys.readouterr().err


def test_without_a_daemon_there_is_nobody_to_ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for directory in (tmp_path, tmp_path / "absent"):
        assert run(["reload", "--state", str(directory)]) == os.EX_UNAVAILABLE
        assert capsys.readouterr().err == f"pymta: no pymta daemon answers at {directory}/control\n"


def test_a_socket_that_a_dead_daemon_left_behind_is_nobody(tmp_path: Path) -> None:
    with control(tmp_path, lambda _: b"ok bye"):
        assert run(["reload", "--state", str(tmp_path)]) == 0

    assert (tmp_path / "control").exists()
    assert run(["reload", "--state", str(tmp_path)]) == os.EX_UNAVAILABLE


def test_another_process_than_the_one_named_is_not_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with control(tmp_path, lambda request: b"ok asked" if request else b""):
        assert run(["reload", "--state", str(tmp_path), "--pid", "1"]) == os.EX_UNAVAILABLE
    assert f"process {os.getpid()} is the daemon here, not 1" in capsys.readouterr().err


def test_the_named_process_is_asked(tmp_path: Path) -> None:
    with control(tmp_path, lambda _: b"ok done"):
        assert run(["reload", "--state", str(tmp_path), "--pid", str(os.getpid())]) == 0


def test_a_path_longer_than_a_socket_address_works(tmp_path: Path) -> None:
    directory = tmp_path / ("d" * 120)
    directory.mkdir()
    with control(directory, lambda _: b"ok done"):
        assert run(["reload", "--state", str(directory)]) == 0


def test_the_runtime_directory_is_the_one_the_daemon_was_started_with(tmp_path: Path) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir()
    machine = Machine(runtime_directory=str(runtime))
    generation.store(generation.current_file(tmp_path), replace(Settings(), machine=machine))
    with control(runtime, lambda _: b"ok done"):
        assert run(["reload", "--state", str(tmp_path)]) == 0
