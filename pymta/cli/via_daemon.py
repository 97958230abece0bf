"""What the daemon does for those who may have it done, but not touch the queue themselves.

The queue belongs to one user.  A member of an admin group is not that user, so the daemon does it
for him, and judges once more whether he may: queue runs and deliveries by its own workers, all
other commands of the queue word for word in a process that it starts (`pymta.cli.ordered`).

Touches: sockets, disk.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pymta.channel.control import MOST_WORDS, Words
from pymta.channel.selection import Selection
from pymta.cli.ask_daemon import (
    NoDaemonError,
    OutOfReachError,
    ask_daemon,
    order_daemon,
    runtime_directory,
)
from pymta.cli.command_error import CommandError
from pymta.cli.identity import NotOwnerError, is_ordered
from pymta.cli.places import daemon_places

PATIENCE = 30.0  # seconds
PYMTA = "pymta"
ORDERS = ("queue", "retry")  # the commands that touch nothing but the queue and its hints


def run_via_daemon(state: str, selection: Selection) -> str:
    """What the daemon says.  Raises CommandError when it does not do it, or there is none.

    NotOwnerError: by `order` alone.
    """
    directory = _directory(state)
    if selection.recipients or selection.senders or selection.first_id or selection.last_id:
        raise NotOwnerError(state, "root and the owner of the queue alone say which messages")
    if not selection.ids:
        return _ask(directory, f"run {selection.word}")
    for id in selection.ids:
        _ask(directory, f"deliver {id}")
    return "the daemon delivers " + ("it" if len(selection.ids) == 1 else "them")


def order(program: str, words: Sequence[str], refusal: NotOwnerError) -> int:
    """The exit status of the command, which writes to our standard output and standard error.

    `refusal` is why we cannot do it ourselves; it is raised where the daemon cannot do it either.
    Raises CommandError.
    """
    if is_ordered() or (program == PYMTA and words[0] not in ORDERS):
        raise refusal
    packet = Words(program, _without_state(words) if program == PYMTA else tuple(words)).encode()
    if len(packet) > MOST_WORDS:
        text = "these are too many words to send to the daemon: want a filter, or fewer ids"
        raise CommandError(text, os.EX_USAGE)
    try:
        directory = _directory(refusal.state)
        return int(order_daemon(directory, packet, wait=PATIENCE, failure=os.EX_TEMPFAIL))
    except (NoDaemonError, OutOfReachError):
        raise refusal from None


def _without_state(words: Sequence[str]) -> tuple[str, ...]:
    """Whose daemon it is says the socket; an order names no directory."""
    command, *rest = words
    while rest and rest[0].startswith("--state"):
        del rest[: 1 if "=" in rest[0] else 2]
    return (command, *rest)


def _directory(state: str) -> str:
    is_usual = state == daemon_places(os.environ).state
    return runtime_directory(None if is_usual else Path(state))


def _ask(directory: str, request: str) -> str:
    return ask_daemon(directory, request, wait=PATIENCE, failure=os.EX_TEMPFAIL)
