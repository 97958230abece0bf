"""Binding, with a socket layer that refuses what a kernel may refuse (BL-01…BL-09)."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from pymta.config.listen import Listen
from pymta.supervisor.listen_plan import ListenAt, plan
from pymta.supervisor.listener import Listener
from pymta.supervisor.sockets import CannotListenError, Kernel, Opening

V6, V4 = socket.AF_INET6, socket.AF_INET
IN_USE = OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
NO_FAMILY = OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
NO_OPTION = OSError(errno.ENOPROTOOPT, os.strerror(errno.ENOPROTOOPT))

Failure = tuple[str, int]  # (step, family)


@dataclass
class FakeSocket:
    layer: FakeLayer
    family: int
    name: tuple[Any, ...] = ()
    closed: bool = False

    def setsockopt(self, _level: int, option: int, _value: int) -> None:
        step = {
            socket.IPV6_V6ONLY: "v6only",
            socket.SO_REUSEADDR: "reuseaddr",
        }.get(option, "option")
        if option == socket.TCP_NODELAY and _level == socket.IPPROTO_TCP:
            step = "nodelay"
        self.layer.maybe_fail(step, self.family)

    def bind(self, name: tuple[Any, ...]) -> None:
        self.layer.maybe_fail("bind", self.family)
        self.name = name

    def listen(self, backlog: int) -> None:
        self.layer.maybe_fail("listen", self.family)
        self.layer.backlogs.append(backlog)

    def setblocking(self, wait: bool) -> None:
        assert not wait

    def getsockname(self) -> tuple[Any, ...]:
        return self.name

    def detach(self) -> int:
        return self.layer.sockets.index(self) + 100

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeLayer:
    """`failures` maps a step of a family to the errors it meets, one after the other."""

    failures: dict[Failure, list[OSError]] = field(default_factory=dict)
    sockets: list[FakeSocket] = field(default_factory=list)
    backlogs: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def create(self, family: int) -> socket.socket:
        self.maybe_fail("create", family)
        self.sockets.append(FakeSocket(self, family))
        return cast("socket.socket", self.sockets[-1])

    def maybe_fail(self, step: str, family: int) -> None:
        waiting = self.failures.get((step, family), [])
        if waiting:
            raise waiting.pop(0)

    def open(self, listen: Listen) -> list[str]:
        wanted = plan(listen, {"smtp": 25}.get)
        opening = Opening(wanted, listen, say=self.said.append, sleep=self.slept.append, layer=self)
        return [shown(listener) for listener in opening.open_all()]


def shown(listener: Listener) -> str:
    return f"{listener.at}{' with IPv4' if listener.takes_ipv4 else ''}"


BOTH = Listen()


def test_both_families_are_opened_ipv6_first() -> None:
    """BL-01"""
    layer = FakeLayer()

    assert layer.open(BOTH) == ["[::]:25", "[0.0.0.0]:25"]
    assert layer.backlogs == [20, 20]
    assert not layer.said


def test_a_kernel_without_ipv6_falls_back_on_ipv4() -> None:
    """BL-02"""
    layer = FakeLayer({("create", V6): [NO_FAMILY]})

    assert layer.open(BOTH) == ["[0.0.0.0]:25"]
    assert layer.said == [
        "IPv6 socket creation failed: Address family not supported by protocol",
        (
            "Failed to create IPv6 socket for wildcard listening"
            " (Address family not supported by protocol): will use IPv4"
        ),
    ]


@pytest.mark.parametrize(
    ("interfaces", "family", "word"),
    [(("::0",), V6, "IPv6"), (("::1", "0.0.0.0"), V6, "IPv6"), (("::0", "0.0.0.0"), V4, "IPv4")],
    ids=["wildcard alone", "specific address", "IPv4"],
)
def test_a_socket_that_nothing_can_stand_in_for_is_fatal(
    interfaces: tuple[str, ...], family: int, word: str
) -> None:
    """BL-03"""
    layer = FakeLayer({("create", family): [NO_FAMILY]})

    with pytest.raises(CannotListenError, match=f"{word} socket creation failed"):
        layer.open(replace(BOTH, local_interfaces=interfaces))
    assert all(sock.closed for sock in layer.sockets)


def test_a_refused_v6only_is_no_obstacle() -> None:
    """BL-04, BL-07: the IPv6 socket then takes IPv4, and the IPv4 one is superfluous."""
    layer = FakeLayer({("v6only", V6): [NO_OPTION], ("bind", V4): [IN_USE]})

    assert layer.open(BOTH) == ["[::]:25 with IPv4"]
    assert layer.said == [
        (
            "Setting IPV6_V6ONLY on daemon's IPv6 wildcard socket failed"
            " (Protocol not available): carrying on without it"
        )
    ]


def test_the_ipv4_partner_may_also_fail_at_listen() -> None:
    """BL-08"""
    layer = FakeLayer({("v6only", V6): [NO_OPTION], ("listen", V4): [IN_USE]})

    assert layer.open(BOTH) == ["[::]:25 with IPv4"]


def test_what_another_program_holds_is_no_partner_of_ours() -> None:
    """BL-06: a socket for IPv6 alone takes none of the calls that would go there."""
    layer = FakeLayer({("bind", V4): [IN_USE]})

    assert layer.open(BOTH) == ["[::]:25", "[0.0.0.0]:25"]
    assert "for address (any IPv4) failed: Address already in use: waiting" in layer.said[0]


def test_reuseaddr_is_a_must_and_nodelay_is_not() -> None:
    """BL-05"""
    with pytest.raises(CannotListenError, match="setting SO_REUSEADDR on socket failed"):
        FakeLayer({("reuseaddr", V6): [NO_OPTION]}).open(BOTH)

    assert len(FakeLayer({("nodelay", V6): [NO_OPTION]}).open(BOTH)) == 2


def test_a_busy_port_is_waited_for() -> None:
    """BL-06"""
    layer = FakeLayer({("bind", V6): [IN_USE, IN_USE]})

    assert layer.open(replace(BOTH, daemon_startup_sleep=2)) == ["[::]:25", "[0.0.0.0]:25"]
    assert layer.slept == [2, 2]
    assert layer.said == [
        "socket bind() to port 25 for address (any IPv6) failed: Address already in use:"
        f" waiting 2s before trying again ({n} more tries)"
        for n in (9, 8)
    ]


def test_who_has_no_right_to_a_port_hears_once_who_has() -> None:
    """BL-06, and the units that can help."""
    denied = OSError(errno.EACCES, os.strerror(errno.EACCES))
    layer = FakeLayer({("bind", V6): [denied] * 3})

    with pytest.raises(CannotListenError, match="Permission denied: daemon abandoned"):
        layer.open(replace(BOTH, daemon_startup_retries=2))
    (hint,) = (line for line in layer.said if "Permission denied" not in line)
    assert layer.said[0] == hint
    assert "start pymta.socket, or pymta-selfbound.service" in hint


def test_the_tries_are_one_budget_for_all_addresses() -> None:
    """BL-06"""
    layer = FakeLayer({("bind", V6): [IN_USE], ("bind", V4): [IN_USE, IN_USE]})
    listen = replace(BOTH, local_interfaces=("::1", "127.0.0.1"), daemon_startup_retries=2)

    with pytest.raises(CannotListenError, match=r"127\.0\.0\.1 failed: .*: daemon abandoned"):
        layer.open(listen)
    assert layer.said[-1].endswith("(1 more try)")
    assert all(sock.closed for sock in layer.sockets)


def test_a_busy_ipv6_wildcard_is_serious_although_ipv4_is_free() -> None:
    """BL-09"""
    layer = FakeLayer({("bind", V6): [IN_USE] * 2})

    with pytest.raises(CannotListenError, match="any IPv6"):
        layer.open(replace(BOTH, daemon_startup_retries=1))


def test_another_error_at_listen_is_fatal() -> None:
    """BL-08"""
    layer = FakeLayer({("listen", V4): [NO_OPTION]})

    with pytest.raises(CannotListenError, match=r"listen\(\) failed on interface \(any IPv4\)"):
        layer.open(BOTH)


def outcome(no_ipv6: bool, v6only: bool, bind: int, listen: int) -> list[str] | str:
    """What the catalogue wants of a pair; `bind` and `listen` are families that fail, 0: none."""
    if not no_ipv6 and bind == V6:
        return "address (any IPv6) failed: Address already in use: daemon abandoned"  # BL-09
    if not no_ipv6 and listen == V6:
        return "listen() failed on interface (any IPv6): Address already in use"  # BL-09
    if (no_ipv6 or v6only) and bind == V4:
        return "address (any IPv4) failed: Address already in use: daemon abandoned"  # BL-06
    if (no_ipv6 or v6only) and listen == V4:
        return "listen() failed on interface (any IPv4): Address already in use"  # BL-08
    if no_ipv6:
        return ["[0.0.0.0]:25"]  # BL-02
    if V4 in (bind, listen):
        return ["[::]:25 with IPv4"]  # BL-07, BL-08
    return ["[::]:25", "[0.0.0.0]:25"]


@pytest.mark.parametrize("no_ipv6", [False, True], ids=["", "no IPv6"])
@pytest.mark.parametrize("v6only", [True, False], ids=["", "V6ONLY refused"])
@pytest.mark.parametrize("bind", [0, V6, V4], ids=["", "bind of the first", "bind of the second"])
@pytest.mark.parametrize("listen", [0, V6, V4], ids=["", "listen of 1st", "listen of 2nd"])
def test_every_combination_of_what_can_fail_on_a_pair(
    no_ipv6: bool, v6only: bool, bind: int, listen: int
) -> None:
    """BL-02, BL-04, BL-06…BL-09: in use means in use at every try."""
    failures = {
        ("create", V6): [NO_FAMILY] * no_ipv6,
        ("v6only", V6): [NO_OPTION] * (0 if v6only else 9),
        ("bind", bind): [IN_USE] * 9,
        ("listen", listen): [IN_USE] * 9,
    }
    layer = FakeLayer(failures)

    def result() -> list[str] | str:
        try:
            return layer.open(replace(BOTH, daemon_startup_retries=2))
        except CannotListenError as error:
            assert all(sock.closed for sock in layer.sockets)
            return str(error).partition(" for ")[2] or str(error)

    expected = outcome(no_ipv6, v6only, bind, listen)
    assert result() == expected
    is_bind_waited_for = isinstance(expected, str) and "abandoned" in expected
    assert len(layer.slept) == (2 if is_bind_waited_for else 0)
    said = "".join(layer.said)
    assert said.count("Setting IPV6_V6ONLY") == (0 if v6only or no_ipv6 else 1)
    assert said.count("will use IPv4") == int(no_ipv6)


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket(V4) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock.getsockname()[1]


def test_the_kernel_really_refuses_a_taken_port() -> None:
    with taken_port() as port:
        listen = Listen(local_interfaces=(f"127.0.0.1.{port}",), daemon_startup_retries=0)
        opening = Opening(
            plan(listen, {"smtp": 25}.get), listen, say=print, sleep=print, layer=Kernel()
        )
        with pytest.raises(CannotListenError, match=f"port {port} .*Address already in use"):
            opening.open_all()


def test_a_plan_names_its_addresses_as_the_log_does() -> None:
    wanted = plan(Listen(local_interfaces=("::0", "0.0.0.0", "127.0.0.1")), {"smtp": 25}.get)

    assert [at.shown for at in wanted] == ["(any IPv6)", "(any IPv4)", "127.0.0.1"]
    assert isinstance(wanted[0], ListenAt)
