"""A command of a user who may not touch the queue, carried out by the daemon's own user.

    python -P -m pymta.cli.ordered GENERATION

The supervisor (`pymta.supervisor.orders`) starts it with the connection of whoever asks as
descriptor 3; behind it come his words, with his standard output and standard error.  He is judged
by the settings in force, as the kernel names him (SO_PEERCRED, SO_PEERGROUPS), and gets what those
words would get root:

    members of admin_groups     pymta queue, pymta retry; of the classic words -M…, -bp…, -q, -R, -S
    everybody, where queue_list_requires_admin is false
                                pymta queue list; -bp…

No word names a file: which queue is meant, and by which settings, is the daemon's affair.  Whoever
hangs up ends it, as ^C would.

Touches: processes, signals, sockets, descriptors, disk.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path

from pymta.channel.control import FAILED, MOST_WORDS, OK, Words, decode_words, person_at
from pymta.cli import app, classic
from pymta.cli.classic_line import CountQueue, ListQueue, RunQueue, read_line
from pymta.cli.classic_orders import Manage
from pymta.cli.identity import account_name, act_for
from pymta.cli.via_daemon import ORDERS, PYMTA
from pymta.config import generation, zone
from pymta.config.generation import GenerationError
from pymta.config.settings import Settings
from pymta.supervisor.find_control import find_door
from pymta.supervisor.orders import CONNECTION

PATIENCE = 5.0  # seconds for the words
LONGEST = 60  # seconds that a stranger may look at the queue, or at nothing
UNSAFE = "the words of an order are a command of pymta queue or pymta retry"


class RefusedError(Exception):
    """It is not done; the argument is what whoever asks hears."""


def main(arguments: Sequence[str]) -> int:
    """The exit status is that of the command, or 1."""
    with socket.socket(fileno=CONNECTION) as sock:
        sock.settimeout(PATIENCE)
        try:
            settings = generation.load(Path(arguments[0]))
            status = _serve(sock, settings)
            answer = f"{OK} {status}"
        except KeyboardInterrupt:  # he has hung up
            return app.INTERRUPTED
        except RefusedError as refusal:
            status, answer = 1, f"{FAILED} {refusal}"
        except (OSError, ValueError, GenerationError) as error:
            status, answer = 1, f"{FAILED} the daemon cannot do it: {error}"
        with suppress(OSError):
            sock.send(answer.encode(), socket.MSG_NOSIGNAL)
    return status


def _serve(sock: socket.socket, settings: Settings) -> int:
    zone.adopt(settings.journal.timezone)
    person, door = person_at(sock), find_door(settings)
    said = _hear(sock)
    if not door.rights.is_admin(person):
        if not (door.rights.may_list(person) and lists(said)):
            raise RefusedError(door.refusal)
        signal.alarm(LONGEST)
    act_for(account_name(person.uid))
    with _ending_when_he_goes(sock):
        status = carry_out(said, settings)
        with suppress(OSError):  # nobody reads it any more
            sys.stdout.flush()
    return status


def lists(said: Words) -> bool:
    """Is it only about which messages wait?"""
    if said.program == PYMTA:
        return said.words[:2] == ("queue", "list")
    return isinstance(read_line(said.words), (ListQueue, CountQueue))


def carry_out(said: Words, settings: Settings) -> int:
    """Raises RefusedError for what is no order."""
    sys.argv = [said.program, *said.words]
    machine = settings.machine
    if said.program != PYMTA:
        if not isinstance(read_line(said.words), (Manage, ListQueue, CountQueue, RunQueue)):
            raise RefusedError(UNSAFE)
        places = {
            "STATE_DIRECTORY": machine.state_directory,
            "RUNTIME_DIRECTORY": machine.runtime_directory,
        }
        return classic.run(said.words, {**os.environ, **places})
    command, *rest = said.words or ("",)
    # A first word that is an option could name another state directory.
    if command not in ORDERS or not rest or rest[0].startswith("-"):
        raise RefusedError(UNSAFE)
    return app.run([command, "--state", machine.state_directory, *rest])


def _hear(sock: socket.socket) -> Words:
    packet, fds, _, _ = socket.recv_fds(sock, MOST_WORDS + 1, 2)
    if len(packet) > MOST_WORDS or len(fds) != 2:
        raise RefusedError("want the words, standard output and standard error")
    for fd, number in zip(fds, (1, 2), strict=True):
        os.dup2(fd, number)
        os.close(fd)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=os.isatty(1))
    return decode_words(packet)


@contextmanager
def _ending_when_he_goes(sock: socket.socket) -> Iterator[None]:
    """The kernel tells of it by SIGIO (fcntl(2)); what then happens is what ^C has happen."""

    def look(*_: object) -> None:
        poll = select.poll()
        poll.register(sock, select.POLLRDHUP)
        if poll.poll(0):
            for fd in (1, 2):  # what is still to be said would wait for a reader
                os.dup2(null, fd)
            os.kill(os.getpid(), signal.SIGINT)

    null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    # Whoever has started the daemon, or us, may have had SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGIO, look)
    fcntl.fcntl(sock, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(sock, fcntl.F_SETFL, fcntl.fcntl(sock, fcntl.F_GETFL) | os.O_ASYNC)
    look()
    try:
        yield
    finally:
        signal.signal(signal.SIGIO, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
