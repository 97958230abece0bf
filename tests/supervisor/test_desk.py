"""Who may sit at the control socket, for how long, and that nobody keeps the daemon busy."""

from __future__ import annotations

import errno
import os
import selectors
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pymta.channel.control import LONGEST, address_in
from pymta.config.rights import Person, Rights
from pymta.supervisor import control, desk
from pymta.supervisor.control import Client
from pymta.supervisor.desk import Desk, Door, Request
from tests.doubles.log import MemoryLog

ADMIN, STRANGER = Person(0), Person(4711, frozenset({4711}))
CLOSED = Rights(owner=1)
OPEN = Rights(owner=1, prod_requires_admin=False)
PUBLIC = Rights(owner=1, queue_list_requires_admin=False)
REFUSAL = "only root may"


@dataclass
class Lobby:
    """The place where the desk stands: a directory, a selector, who calls next, and the time."""

    directory: Path
    listener: socket.socket
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    log: MemoryLog = field(default_factory=MemoryLog)
    person: Person = ADMIN
    now: float = 100.0
    kept: list[Client] = field(default_factory=list)

    def desk(self, rights: Rights = CLOSED) -> Desk:
        requests = {
            "hello": Request(lambda client, who: client.succeed(f"hello {who}")),
            "keep": Request(lambda client, _: self.kept.append(client)),
            "deliver": Request(lambda client, _: client.succeed(), Rights.may_prod),
            "order": Request(lambda client, _: client.succeed(), Rights.may_list),
        }
        door = Door(rights, REFUSAL)
        return Desk(self.listener, self.selector, door, requests, self.log, clock=lambda: self.now)

    def connect(self, *packets: bytes) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with address_in(self.directory) as address:
            sock.connect(address)
        sock.settimeout(5)
        for packet in packets:
            sock.send(packet)
        return sock

    def turn(self, times: int = 5) -> None:
        """What the loop does with what is ready."""
        for _ in range(times):
            for key, _ in self.selector.select(0):
                key.data()

    def seats(self) -> int:
        return len(self.selector.get_map()) - 1


@pytest.fixture
def lobby(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lobby]:
    with control.listen(tmp_path) as listener:
        made = Lobby(tmp_path, listener)
        monkeypatch.setattr(Client, "person", lambda _: made.person)
        with made.selector:
            yield made
            for key in list(made.selector.get_map().values()):
                if isinstance(key.fileobj, Client):
                    key.fileobj.close()


def answer(sock: socket.socket) -> str:
    with sock:
        return sock.recv(1000).decode()


def test_a_request_is_served_with_its_argument(lobby: Lobby) -> None:
    lobby.desk()
    caller = lobby.connect(b"hello  all of you")

    lobby.turn()

    assert answer(caller) == "ok hello  all of you"
    assert lobby.seats() == 0


@pytest.mark.parametrize(
    "packet", [b"goodbye", b"HELLO", b" hello", b"\xff\xfe", b"\0", b"hello\n", b"x" * LONGEST * 2]
)
def test_what_is_no_request_is_refused_in_words(lobby: Lobby, packet: bytes) -> None:
    lobby.desk()
    caller = lobby.connect(packet)

    lobby.turn()

    assert answer(caller) == "failed the daemon does not know this request"
    assert lobby.seats() == 0


def test_who_may_nothing_hears_so_at_once_and_the_log_hears_it_too(lobby: Lobby) -> None:
    """N-22"""
    lobby.desk()
    lobby.person = STRANGER
    caller = lobby.connect()

    lobby.turn(1)

    assert answer(caller) == f"failed {REFUSAL}"
    assert lobby.seats() == 0
    assert lobby.log.texts() == [f"control socket: uid 4711 (process {os.getpid()}) is not allowed"]


def test_the_log_hears_of_refusals_once_a_second(lobby: Lobby) -> None:
    lobby.desk()
    lobby.person = STRANGER
    for second in (0.0, 0.4, 0.8, 0.9, 1.1):
        lobby.now = 100.0 + second
        with lobby.connect():
            lobby.turn(1)

    first, later = lobby.log.texts()
    assert later == f"{first}, 3 more since the last such line"


def test_everybody_may_ask_for_deliveries_where_the_operator_says_so(lobby: Lobby) -> None:
    """ST-03: prod_requires_admin = false lifts that half, and no other."""
    lobby.desk(OPEN)
    lobby.person = STRANGER
    delivery, other = lobby.connect(b"deliver x"), lobby.connect(b"hello")

    lobby.turn()

    assert answer(delivery) == "ok"
    assert answer(other) == f"failed {REFUSAL}"


def test_everybody_may_give_orders_where_all_may_list_the_queue(lobby: Lobby) -> None:
    """What an order says is not read here; whoever carries it out judges once more."""
    lobby.desk(PUBLIC)
    lobby.person = STRANGER
    order, delivery = lobby.connect(b"order"), lobby.connect(b"deliver x")

    lobby.turn()

    assert answer(order) == "ok"
    assert answer(delivery) == f"failed {REFUSAL}"


def test_who_says_nothing_loses_the_seat(lobby: Lobby) -> None:
    made = lobby.desk()
    with lobby.connect() as silent:
        lobby.turn()
        assert made.wait(lobby.now) == desk.PATIENCE
        lobby.now += desk.PATIENCE
        made.check_time(lobby.now)

        assert silent.recv(1) == b""
    assert lobby.seats() == 0
    assert made.wait(lobby.now) is None


def test_who_waits_for_an_answer_may_take_his_time_and_may_leave(lobby: Lobby) -> None:
    made = lobby.desk()
    caller = lobby.connect(b"keep")
    lobby.turn()
    lobby.now += 10 * desk.PATIENCE
    made.check_time(lobby.now)
    assert lobby.seats() == 1

    caller.close()
    lobby.turn()

    assert lobby.seats() == 0
    assert lobby.kept[0].fileno() == -1
    lobby.kept[0].succeed("nobody hears this, and nothing breaks")


def test_seats_are_few_and_strangers_have_only_some(lobby: Lobby) -> None:
    lobby.desk(OPEN)
    with ExitStack() as stack:
        lobby.person = STRANGER
        strangers = [stack.enter_context(lobby.connect()) for _ in range(desk.MOST_STRANGERS + 1)]
        lobby.turn(len(strangers))
        assert strangers[-1].recv(100).startswith(b"failed too many commands at once")
        assert lobby.seats() == desk.MOST_STRANGERS

        lobby.person = ADMIN
        left = desk.MOST - desk.MOST_STRANGERS
        admins = [stack.enter_context(lobby.connect()) for _ in range(left + 1)]
        lobby.turn(len(admins))
        assert admins[-1].recv(100).startswith(b"failed too many commands at once")
        assert lobby.seats() == desk.MOST

        admins[0].send(b"hello you")
        lobby.turn()
        assert admins[0].recv(100) == b"ok hello you"


def test_a_shortage_is_told_and_waited_out(lobby: Lobby, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, however long it lasts; and the loop does not spin meanwhile."""
    made = lobby.desk()
    caller = lobby.connect(b"hello you")

    def short(_: socket.socket) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(control, "accept", short)
        lobby.turn()
        lobby.now += desk.SHORTAGE
        made.check_time(lobby.now)
        lobby.turn()
    assert lobby.log.texts() == ["control socket: Too many open files"]
    assert made.wait(lobby.now) == desk.SHORTAGE

    lobby.turn()
    lobby.now += desk.SHORTAGE
    made.check_time(lobby.now)
    lobby.turn()
    assert answer(caller) == "ok hello you"


def test_without_a_socket_there_is_nobody() -> None:
    """N-22: -oY"""
    with selectors.DefaultSelector() as selector:
        made = Desk(None, selector, Door(CLOSED, REFUSAL), {}, MemoryLog())

        assert not selector.get_map()
        assert made.wait(0.0) is None


def test_a_client_of_the_image_before_is_kept(lobby: Lobby) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    made = lobby.desk()
    client = Client(theirs)
    made.keep(client)
    assert lobby.seats() == 1

    client.succeed("generation 2 serves")

    assert answer(ours) == "ok generation 2 serves"
    assert lobby.seats() == 0


def test_who_has_not_spoken_yet_can_be_left_to_the_next_image(lobby: Lobby) -> None:
    """HU-04: he may send his request while the program is being replaced."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    waiting = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    made = lobby.desk()
    made.keep(Client(waiting[1]))
    made.welcome(Client(theirs))
    assert made.unheard() == (theirs.fileno(),)

    ours.send(b"keep")
    lobby.turn()

    assert len(lobby.kept) == 1
    assert made.unheard() == ()
    ours.close()
    waiting[0].close()


STEPS = st.lists(
    st.one_of(
        st.just("connect"), st.just("hang up"), st.just("later"), st.binary(max_size=2 * LONGEST)
    ),
    max_size=40,
)


@given(STEPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nothing_that_is_said_or_left_out_costs_more_than_a_seat(
    lobby: Lobby, steps: list[str | bytes]
) -> None:
    made = lobby.desk(OPEN)
    callers: list[socket.socket] = []
    act: dict[str, Callable[[], object]] = {
        "connect": lambda: callers.append(lobby.connect()),
        "hang up": lambda: callers.pop().close() if callers else None,
    }
    for step in steps:
        if isinstance(step, bytes):
            for caller in callers:
                with suppress(OSError):
                    caller.send(step, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        elif step == "later":
            lobby.now += 3
            made.check_time(lobby.now)
        else:
            act[step]()
        lobby.turn(2)
        assert lobby.seats() <= desk.MOST
    for caller in callers:
        caller.close()
    lobby.turn(2 * len(callers) + 2)
    assert lobby.seats() == 0
    lobby.selector.unregister(lobby.listener)
