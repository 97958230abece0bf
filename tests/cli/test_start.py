"""`pymta serve` and `pymta daemon` as processes, up to the point where they serve."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pymta.config import generation
from tests.doubles import warm

PYMTA = [sys.executable, "-P", "-m", "pymta"]
DEADLINE = 30.0  # seconds for a process to start; bounds a wait, decides nothing


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return warm.run(
        [*PYMTA, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | environment,
    )


def free_port() -> int:
    """A port that is free on both loopback addresses at this moment."""
    with (
        socket.create_server(("127.0.0.1", 0)) as v4,
        socket.socket(socket.AF_INET6) as v6,
    ):
        port: int = v4.getsockname()[1]
        v6.bind(("::1", port))
        return port


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "pymta.toml"
    file.write_text('smtp_acept_max = 1\nmessage_size_limit = "big"\n')
    return file


def test_a_daemon_with_mistakes_in_its_settings_does_not_start(
    tmp_path: Path, broken: Path
) -> None:
    done = run(
        "daemon",
        "--config",
        str(broken),
        STATE_DIRECTORY=str(tmp_path / "state"),
        RUNTIME_DIRECTORY=str(tmp_path / "run"),
    )

    assert done.returncode == os.EX_CONFIG
    assert done.stderr.splitlines() == [
        "pymta: 2 mistakes in the settings:",
        f"{broken}:1: smtp_acept_max: no such setting; did you mean smtp_accept_max?",
        f'{broken}:2: message_size_limit: found "big"; want a size such as "500K", "50M" or "1G"',
    ]
    assert not generation.current_file(tmp_path / "state").exists()


def test_serving_with_mistakes_in_the_settings_does_not_start(tmp_path: Path, broken: Path) -> None:
    done = run("serve", "--config", str(broken), "--state", str(tmp_path / "state"))

    assert done.returncode == os.EX_CONFIG
    assert "2 mistakes in the settings" in done.stderr


def test_a_state_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = run("serve", "--state", str(tmp_path / "file" / "state"))

    assert done.returncode == os.EX_CANTCREAT
    assert done.stderr == f"pymta: cannot make {tmp_path}/file/state: Not a directory\n"


def test_serve_greets_says_where_mail_lands_and_stops_cleanly(tmp_path: Path) -> None:
    port = free_port()
    state = tmp_path / "data" / "pymta"
    with warm.Popen(
        [*PYMTA, "serve", "--port", str(port)],
        cold=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path / "data")},
    ) as process:
        try:
            greeting = wait_for_greeting(process, port)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()

    assert greeting.startswith(b"220 ")
    assert process.returncode == 0, err
    assert f"swaks --to user@localhost --server 127.0.0.1:{port}" in out
    assert f"{state}/mail/user/new/" in out
    assert ("running as root" in err) == (os.geteuid() == 0)
    assert state.stat().st_mode & 0o777 == 0o700
    served = generation.load(generation.current_file(state))
    assert served.machine.serve_port == port


def test_serve_speaks_tls_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    """Made at the first start, used where settings name none, and still there after a reload."""
    state, port = tmp_path / "state", free_port()
    own = state / "tls" / "self-signed.pem"
    with warm.Popen(
        [*PYMTA, "serve", "--state", str(state), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            wait_for_greeting(process, port)
            made = own.read_bytes()
            reload = run("reload", "--state", str(state))
            with smtplib.SMTP("localhost", port, "client.test", timeout=60) as client:
                client.starttls(context=ssl.create_default_context(cafile=own))
                assert client.ehlo()[0] == 250
        finally:
            process.terminate()
    assert reload.returncode == 0, reload.stderr
    assert own.read_bytes() == made
    assert own.stat().st_mode & 0o777 == 0o600


def test_without_room_for_a_certificate_serve_goes_on(tmp_path: Path) -> None:
    state, port = tmp_path / "state", free_port()
    state.mkdir(mode=0o700)
    (state / "tls").touch()
    with warm.Popen(
        [*PYMTA, "serve", "--state", str(state), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert wait_for_greeting(process, port).startswith(b"220 ")
        finally:
            process.terminate()
        _, err = process.communicate(timeout=60)
    assert "warning: no certificate could be made, so there is no TLS: " in err


def test_a_second_start_changes_nothing_for_the_daemon_that_serves(tmp_path: Path) -> None:
    """Its reloads and queue runs read the settings that the second one would have left."""
    state, port = tmp_path / "state", free_port()
    with warm.Popen(
        [*PYMTA, "serve", "--state", str(state), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            wait_for_greeting(process, port)
            done = run("serve", "--state", str(state), "--port", str(free_port()))
            served = generation.load(generation.current_file(state))
        finally:
            process.terminate()

    assert done.returncode == 1
    said = f"pymta: another pymta daemon, process {process.pid}, serves {state}"
    assert done.stderr.splitlines()[-1] == said
    assert (served.machine.serve_port, served.generation) == (port, 1)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_start_with_closed_streams_serves(tmp_path: Path, closed: str) -> None:
    port = free_port()
    with warm.Popen(
        [
            *("bash", "-c", f'exec "$@" {closed}', "bash"),
            *(*PYMTA, "serve", "--state", str(tmp_path / "state"), "--port", str(port)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert wait_for_greeting(process, port).startswith(b"220 ")
            streams = [Path(f"/proc/{process.pid}/fd/{fd}").readlink() for fd in range(3)]
        finally:
            process.terminate()

    assert streams == [Path("/dev/null")] * 3
    assert process.returncode == 0


def test_a_start_whose_welcome_nobody_reads_serves(tmp_path: Path) -> None:
    port = free_port()
    read, write = os.pipe()
    os.close(read)
    with warm.Popen(
        [*PYMTA, "serve", "--state", str(tmp_path / "state"), "--port", str(port)],
        stdout=write,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        os.close(write)
        try:
            assert wait_for_greeting(process, port).startswith(b"220 ")
        finally:
            process.terminate()

    assert process.returncode == 0


def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        begun = time.monotonic()
        done = run("serve", "--port", str(port), "--state", str(tmp_path / "state"))

    lines = [line for line in done.stderr.splitlines() if "running as root" not in line]
    assert done.returncode == 1
    assert len(lines) == 1
    assert str(port) in lines[0]
    assert "Address already in use" in lines[0]
    assert done.stdout == ""
    assert time.monotonic() - begun < DEADLINE


def wait_for_greeting(process: subprocess.Popen[str], port: int) -> bytes:
    """Poll until it listens; the greeting of a first connection."""
    until = time.monotonic() + DEADLINE
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as sock:
                return sock.recv(1000)
        except ConnectionRefusedError:
            assert process.poll() is None, "it ended instead of listening"
            assert time.monotonic() < until, "it never listened"
            time.sleep(0.02)
