"""An image without a table finds its sockets and its children; each case in a process of its own,
because what is found is everything that is open there."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import pytest

from pymta.channel.life import close_all_but
from pymta.channel.pair import make_pair
from pymta.config.roles import role_named
from pymta.supervisor import certificate, control, survivors
from pymta.supervisor.children import Job
from pymta.supervisor.handover import Handover, decode, encode

Linger = Callable[[], NoReturn]


def alone(act: Callable[[Linger], object]) -> object:
    """What `act` returns in a process with nothing open but the standard streams.

    It is given what its own children do: nothing, as long as it lives.
    """
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            close_all_but([write])
            said = json.dumps(act(_lingering(write)))
        except BaseException as error:  # noqa: BLE001 - told to the parent
            said = json.dumps(repr(error))
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:  # noqa: PTH123 - a descriptor has no path
        said = pipe.read().decode()
    os.waitpid(pid, 0)
    return json.loads(said)


def _lingering(write: int) -> Linger:
    end, held = os.pipe()

    def linger() -> NoReturn:
        os.close(write)
        os.close(held)
        os.read(end, 1)
        os._exit(0)

    return linger


def listening(family: int) -> socket.socket:
    sock = socket.socket(family)
    sock.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
    sock.listen()
    return sock


def test_every_socket_is_told_by_what_it_is(tmp_path: Path) -> None:
    """HU-04, HU-05"""

    def act(linger: Linger) -> object:
        four, six = listening(socket.AF_INET), listening(socket.AF_INET6)
        door = control.listen(tmp_path)
        ours, _theirs = make_pair()
        os.set_inheritable(four.fileno(), True)
        client = _connect_from_a_child(tmp_path, door, linger)
        call = socket.create_connection(four.getsockname())
        log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        shown = os.memfd_create(certificate.NAME, 0)
        found = survivors.find({six.fileno(): "some-tls"}, by_systemd=True)
        again = decode(encode(found))
        kept = (four, call, log)
        return {
            "listeners": [item.fd for item in found.listeners] == [four.fileno(), six.fileno()],
            "ports": [item.at.port for item in found.listeners]
            == [sock.getsockname()[1] for sock in (four, six)],
            "roles": [item.role for item in found.listeners] == ["smtp", "some-tls"],
            "by systemd": found.by_systemd,
            "certificate": found.certificate == shown,
            "control": found.control == door.fileno(),
            "clients": list(found.clients) == [client],
            "strangers": ours.fileno() in found.strangers,
            "inherits nothing": not any(os.get_inheritable(fd) for fd in found.descriptors()),
            "still open": all(os.fstat(sock.fileno()) for sock in kept),
            "keeps its listeners": found.keeps_listeners,
            "survives": asdict(again) == asdict(found),
        }

    found = alone(act)

    assert isinstance(found, dict), found
    assert {name for name, is_so in found.items() if not is_so} == set()


def _connect_from_a_child(directory: Path, door: socket.socket, linger: Linger) -> int:
    """Our end of a connection to the control socket; the other side waits in a process."""
    if not os.fork():
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(str(directory / "control"))
        linger()
    door.setblocking(True)
    return door.accept()[0].detach()


@pytest.mark.parametrize("has_lists", [True, False], ids=["by the kernel's list", "by parents"])
def test_all_children_hold_a_slot_until_they_end(
    has_lists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HU-04: those that are dead and not reaped too; grandchildren are not ours."""

    def act(linger: Linger) -> object:
        if not has_lists:
            monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
        born = []
        for number in range(3):
            pid = os.fork()
            if not pid:
                if number == 0:
                    os._exit(0)
                os.fork()
                linger()
            born.append(pid)
        os.waitid(os.P_PID, born[0], os.WEXITED | os.WNOWAIT)
        found = survivors.find({}, by_systemd=False)
        return {
            "pids": sorted(child.pid for child in found.children) == sorted(born),
            "slots": all(child.holds_slot for child in found.children),
            "jobs": all(child.job is Job.UNKNOWN for child in found.children),
        }

    assert alone(act) == {"pids": True, "slots": True, "jobs": True}


def test_with_nothing_left_it_is_a_first_start() -> None:
    found = alone(lambda _: asdict(survivors.find({}, by_systemd=False)))

    assert found == json.loads(json.dumps(asdict(Handover(listeners=(), missed=("",)))))


def test_where_no_name_is_known_port_465_is_known() -> None:
    """PT-05, HU-04"""
    names = [survivors._name(fd, {4: "smtp", 5: "of another version"}) for fd in (3, 4, 5)]

    assert [role_named(name, 465) for name in names] == ["submissions", "smtp", "submissions"]
