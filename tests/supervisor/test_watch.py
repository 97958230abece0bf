from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator

import pytest

from pymta.supervisor.watch import Watch


@pytest.fixture
def ready() -> Iterator[socket.socket]:
    """A descriptor that is always readable."""
    one, other = socket.socketpair()
    with one, other:
        other.send(b"x")
        yield one


def test_nothing_is_heard_during_a_pause(ready: socket.socket) -> None:
    """AE-04"""
    with selectors.DefaultSelector() as selector:
        watch = Watch(selector, [ready.fileno()], None)
        assert len(selector.select(0)) == 1
        assert watch.go_on(10.0) is None

        watch.pause(10.0, 0.5)
        watch.pause(10.2, 0.5)

        assert selector.select(0) == []
        assert watch.go_on(10.25) == 0.25
        assert watch.go_on(10.5) is None
        assert len(selector.select(0)) == 1


def test_a_pause_may_end_early(ready: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        watch = Watch(selector, [ready.fileno()], None)
        watch.pause(10.0, 0.5)

        watch.resume()
        watch.resume()

        assert len(selector.select(0)) == 1
        assert watch.go_on(10.0) is None


@pytest.mark.parametrize("paused", [False, True], ids=["watched", "paused"])
def test_the_end_is_the_end(ready: socket.socket, paused: bool) -> None:
    with selectors.DefaultSelector() as selector:
        watch = Watch(selector, [ready.fileno()], None)
        if paused:
            watch.pause(10.0, 0.5)

        watch.end()
        watch.end()
        watch.resume()
        watch.pause(10.0, 0.5)

        assert watch.go_on(11.0) is None
        assert not selector.get_map()
