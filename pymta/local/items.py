"""Commands and files that a .forward names, or a file of aliases: found again, then done.

Whoever asks may have been led astray, so what is asked for is done only when the process that has
become the user finds it in the file himself.  A user's own file counts as it does for addresses; a
file of aliases must be named in root's settings, and only root may be able to write it.

    /home/alice/in/      a Maildir
    /home/alice/inbox    an mbox
    |/usr/bin/program    a command, see `pymta.local.command`

Touches: disk, signals, clock.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path

from pymta.local.command import Command
from pymta.local.identity import PATH
from pymta.local.orphans import ended_afterwards
from pymta.local.root_settings import RefusedError, text_of_root
from pymta.local.task import Errand, cannot, content, outcome
from pymta.routing import target
from pymta.routing.forward_file import parse_forward
from pymta.tables.text import TextTable
from pymta.transport.from_lines import from_line
from pymta.transport.local_request import Answer, Nothing, PutOff
from pymta.transport.maildir import Maildir
from pymta.transport.mbox import Mbox

COMMAND = "|"
SPARE = 10.0  # seconds beyond the limit of a command until the process that waits for it is ended


def of_forward(text: bytes, errand: Errand) -> Answer:
    """`text` is the .forward."""
    found = parse_forward(text, errand.settings)
    if isinstance(found, target.Unusable):
        return PutOff(0, f"the forward file of {errand.account.name} cannot be used: {found.why}")
    return _carry_out(errand) if errand.request.item in map(str, found) else Nothing()


def of_aliases(errand: Errand) -> Answer:
    """For the account of `alias_user`, which we are by now."""
    doubts: list[str] = []
    for name in errand.settings.alias_user_files:
        try:
            table = TextTable(name, text_of_root(Path(name)))
        except FileNotFoundError:
            continue
        except (RefusedError, OSError) as error:
            doubts.append(str(error))
            continue
        if any(errand.request.item in _named(entry.value) for _, entry in table.entries()):
            return _carry_out(errand)
    return PutOff(0, "; ".join(doubts) or "no file of alias_user_files names it")


def _named(text: str) -> set[str]:
    kinds = target.Command | target.File
    return {
        str(found)
        for _, found in target.parse_targets(text.replace("\r\n", "\n"))
        if isinstance(found, kinds)
    }


def _carry_out(errand: Errand) -> Answer:
    item = errand.request.item
    try:
        if item.startswith(COMMAND):
            return _run(item.removeprefix(COMMAND), errand)
        return _write(Path(item), errand, is_maildir=item.endswith("/"))
    except OSError as error:
        return cannot(f"deliver to {item}", error)


def _write(path: Path, errand: Errand, *, is_maildir: bool) -> Answer:
    disk, is_wanted = errand.disk, errand.is_wanted
    if is_maildir:
        home = Path(errand.account.home)
        top = home if home in path.parents else path.parent
        with closing(Maildir(path, top, disk=disk, follow=True)) as maildir:
            return outcome(maildir.store(errand.request.file, content(errand), is_wanted))
    mbox = Mbox(path.parent, path.name, follow=True, disk=disk)
    return outcome(mbox.store(_first(errand), content(errand), is_wanted))


def _run(line: str, errand: Errand) -> Answer:
    settings, request, account = errand.settings, errand.request, errand.account
    if not errand.is_wanted():
        return outcome(False)
    # The limit of a home directory is for what is done in it; this one is the command's.
    signal.setitimer(signal.ITIMER_REAL, settings.pipe_timeout + SPARE)
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)  # ours is to ignore it; no command's is
    local_part, _, domain = request.recipient.rpartition("@")
    environment = {
        "LOCAL_PART": local_part or domain,
        "DOMAIN": domain if local_part else "",
        "RECIPIENT": request.recipient,
        "SENDER": request.sender,
        "MESSAGE_ID": request.id,
        "HOME": account.home,
        "USER": account.name,
        "LOGNAME": account.name,
        "SHELL": "/bin/sh",
        "PATH": PATH,
    }
    command = Command(
        line,
        environment,
        account.home if Path(account.home).is_dir() else "/",
        settings.pipe_timeout,
        errand.is_wanted,
        settings.pipe_use_shell,
    )
    with ended_afterwards():
        return command.run(_with_first_line(errand))


def _with_first_line(errand: Errand) -> Iterator[bytes]:
    """As commands for mail expect it: a line that looks like the beginning of an mbox."""
    return chain([_first(errand)], content(replace(errand, until=math.inf)))


def _first(errand: Errand) -> bytes:
    return from_line(errand.request.sender, time.asctime())
