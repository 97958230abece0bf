"""`pymta reload`: ask the running daemon to take changed settings, and tell what came of it.

The daemon answers when the new settings serve, or says why the old ones stay.

Touches: click, sockets, disk.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import click

from pymta.cli.command_error import CommandError
from pymta.cli.options import state_option
from pymta.cli.places import Places, daemon_places
from pymta.config import generation
from pymta.config.generation import GenerationError, current_file

SOCKET_NAME = "control"
LONGEST_ANSWER = 65_536  # bytes
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred


@click.command()
@click.option(
    "--wait",
    type=click.FloatRange(0.1, 3600),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the answer.",
)
@click.option("--pid", type=int, default=None, help="Only if this process is the daemon.")
@state_option
def reload(wait: float, pid: int | None, state: Path | None) -> None:
    """Have the running daemon take changed settings.

    A mistake in them changes nothing: it is printed, and the exit code is 78.
    """
    answer = _ask(_runtime_directory(state), b"reload", wait, pid)
    verdict, _, text = answer.partition(" ")
    if verdict != "ok":
        raise CommandError(text or "the daemon hung up without an answer", os.EX_CONFIG)
    click.echo(text)


def _runtime_directory(state: Path | None) -> str:
    if state is None:
        return daemon_places(os.environ).runtime
    try:
        served = generation.load(current_file(state))
    except (FileNotFoundError, GenerationError):
        return Places(str(state), str(state)).runtime
    return served.machine.runtime_directory


def _ask(directory: str, request: bytes, wait: float, pid: int | None) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        sock.settimeout(wait)
        try:
            _connect(sock, directory)
            _check_pid(sock, pid)
            sock.send(request, socket.MSG_NOSIGNAL)
            return sock.recv(LONGEST_ANSWER).decode("utf-8", "replace")
        except TimeoutError:
            raise CommandError(
                f"no answer within {wait:g} seconds; the log tells what came of it",
                os.EX_TEMPFAIL,
            ) from None
        except PermissionError:
            raise CommandError(
                f"{directory}/{SOCKET_NAME}: only root and the daemon's own user may",
                os.EX_NOPERM,
            ) from None
        except (ConnectionError, FileNotFoundError, NotADirectoryError):
            raise CommandError(
                f"no pymta daemon answers at {directory}/{SOCKET_NAME}", os.EX_UNAVAILABLE
            ) from None


def _connect(sock: socket.socket, directory: str) -> None:
    """By way of the directory's descriptor: an address of 108 bytes does not hold every path."""
    at = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sock.connect(f"/proc/self/fd/{at}/{SOCKET_NAME}")
    finally:
        os.close(at)


def _check_pid(sock: socket.socket, wanted: int | None) -> None:
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid = _CREDENTIALS.unpack(raw)[0]
    if wanted is not None and pid != wanted:
        raise CommandError(f"process {pid} is the daemon here, not {wanted}", os.EX_UNAVAILABLE)
