"""What one image of the supervisor leaves to the next (HU-04, HU-05).

A reload replaces the program in place: same pid, same descriptors, same children.  What was only
in memory travels in a memory file, as a versioned table: listeners, children with their channels,
deliveries under way, who waits for the result of the reload.

Touches: descriptors, environment.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, field
from ipaddress import ip_address
from typing import Any

from pymta.channel.reach import Reach
from pymta.dataclass import dataclass
from pymta.mail.caller import Endpoint, LocalSocket
from pymta.mail.envelope import DEFAULT_QUEUE
from pymta.supervisor.children import Child, Job
from pymta.supervisor.dispatch import Task
from pymta.supervisor.listener import Listener, LocalListener

VARIABLE = "PYMTA_HANDOVER"
VERSION = 1


class UnknownVersionError(ValueError):
    """The table was written by an image that this one does not understand.

    `roles` of listeners by descriptor, and `by_systemd`, are what it says all the same.
    """

    def __init__(self, why: str, data: bytes = b"") -> None:
        super().__init__(why)
        try:
            table = json.loads(data)["table"]
            self.roles = {int(item["fd"]): str(item["role"]) for item in table["listeners"]}
            self.by_systemd = table["by_systemd"] is True
        except (ValueError, KeyError, TypeError):
            self.roles, self.by_systemd = {}, False


@dataclass(frozen=True, slots=True)
class Handover:
    """`busy` maps the pids of delivery workers to what they deliver; `missed` are the queues with
    messages that `waiting` had no room for; `clients` are descriptors of commands that wait to
    hear how the reload went, `unheard` of those that have not said yet what they want.
    `certificate` is a memory file, see `pymta.supervisor.certificate`;
    `leash` is what a helper for system users hangs on.  `began` is when the first image started.

    `local` are listeners for users of this machine.  `log` are descriptors that the log counts
    with, see `pymta.journal.lost`.

    `strangers` are channels of children that nobody can name; `keeps_listeners` says that the
    sockets stay as they are, whatever the settings say, until a restart (`survivors`).
    """

    listeners: tuple[Listener, ...]
    children: tuple[Child, ...] = ()
    waiting: tuple[Task, ...] = ()
    busy: Mapping[int, Task] = field(default_factory=dict)
    missed: tuple[str, ...] = ()
    control: int = -1
    clients: tuple[int, ...] = ()
    by_systemd: bool = False
    certificate: int = -1
    began: float = 0.0
    strangers: tuple[int, ...] = ()
    keeps_listeners: bool = False
    log: tuple[int, ...] = ()
    leash: int = -1
    local: tuple[LocalListener, ...] = ()
    unheard: tuple[int, ...] = ()

    def descriptors(self) -> tuple[int, ...]:
        """All that must stay open over the exec."""
        channels = tuple(child.channel for child in self.children if child.channel >= 0)
        single = tuple(fd for fd in (self.control, self.certificate, self.leash) if fd >= 0)
        listeners = tuple(item.fd for item in self.listeners)
        local = tuple(item.fd for item in self.local)
        commands = (*self.clients, *self.unheard)
        return (*listeners, *local, *channels, *single, *commands, *self.strangers, *self.log)


def encode(table: Handover) -> bytes:
    plain = asdict(table)
    plain["listeners"] = [
        {"fd": item.fd, "address": str(item.at.address), "port": item.at.port}
        | {"role": item.role, "takes_ipv4": item.takes_ipv4, "starts_tls": item.starts_tls}
        for item in table.listeners
    ]
    plain["children"] = [asdict(child) | {"job": child.job.value} for child in table.children]
    return json.dumps({"version": VERSION, "table": plain}).encode()


def decode(data: bytes) -> Handover:
    """Raises UnknownVersionError, also for what nobody can understand."""
    try:
        whole = json.loads(data)
        version = whole["version"]
        if version == VERSION:
            return _table(whole["table"])
    except (ValueError, KeyError, TypeError) as error:
        why = f"handover table cannot be read: {error!r}"
        raise UnknownVersionError(why, data) from error
    raise UnknownVersionError(f"handover table has version {version}", data)


def _table(plain: Mapping[str, Any]) -> Handover:
    return Handover(
        listeners=tuple(_listener(item) for item in plain["listeners"]),
        children=tuple(Child(**item | {"job": Job(item["job"])}) for item in plain["children"]),
        waiting=tuple(_task(item) for item in plain["waiting"]),
        busy={int(pid): _task(item) for pid, item in plain["busy"].items()},
        missed=_missed(plain["missed"]),
        control=plain["control"],
        clients=tuple(plain["clients"]),
        by_systemd=plain["by_systemd"],
        certificate=plain.get("certificate", -1),
        began=plain.get("began", 0.0),
        strangers=tuple(plain.get("strangers", ())),
        keeps_listeners=plain.get("keeps_listeners", False),
        log=tuple(plain.get("log", ())),
        leash=plain.get("leash", -1),
        local=tuple(
            LocalListener(item["fd"], LocalSocket(item["at"]["path"]))
            for item in plain.get("local", ())
        ),
        unheard=tuple(plain.get("unheard", ())),
    )


def _missed(found: list[str] | bool) -> tuple[str, ...]:
    """An image that knew one queue only left a yes or a no."""
    if isinstance(found, bool):
        return (DEFAULT_QUEUE,) if found else ()
    return tuple(found)


def _listener(item: dict[str, Any]) -> Listener:
    at = Endpoint(ip_address(item["address"]), item["port"])
    return Listener(
        item["fd"], at, item["role"], item["takes_ipv4"], starts_tls=item.get("starts_tls", False)
    )


def _task(item: dict[str, Any]) -> Task:
    """An image that did not know of it has left no reach."""
    return Task(**item | {"reach": Reach(item.get("reach", Reach.NEW))})


def leave(table: Handover) -> int:
    """Write the table where the next image finds it; its descriptor and all others stay open."""
    fd = os.memfd_create("pymta-handover", 0)
    os.write(fd, encode(table))
    for kept in table.descriptors():
        os.set_inheritable(kept, True)
    return fd


def take() -> Handover | None:
    """The table that the image before us left; None at a first start.

    Raises UnknownVersionError when it is there and not for us.
    """
    number = os.environ.pop(VARIABLE, "")
    if not number:
        return None
    fd = int(number)
    try:
        table = decode(os.pread(fd, os.fstat(fd).st_size, 0))
    finally:
        os.close(fd)
    for kept in table.descriptors():
        os.set_inheritable(kept, False)
    return table
