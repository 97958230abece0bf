"""What to do when a socket cannot be made, bound or listened on (BL-02…BL-09).

One question, asked with the failing step, the errno and what has been opened so far; one of four
answers.  An IPv6 wildcard that takes IPv4 calls as well makes its IPv4 partner superfluous, and a
kernel without IPv6 makes the IPv6 wildcard superfluous: those two are no errors.  Everything else
is, and only a bind is worth trying again, because what holds a port may let go of it.
"""

from __future__ import annotations

import errno
from collections.abc import Collection, Sequence
from enum import Enum

from pymta.config.duration import format_duration
from pymta.dataclass import dataclass
from pymta.supervisor.listen_plan import ListenAt

# Waiting does not help here, so the cure is told at the first refusal.
NO_RIGHT = (
    "ports below 1024 are for root, or for whom systemd gives them to: start pymta.socket, or"
    " pymta-selfbound.service, which may bind them (AmbientCapabilities=CAP_NET_BIND_SERVICE)"
)


class Step(Enum):
    CREATE = "create"
    V6ONLY = "v6only"
    REUSEADDR = "reuseaddr"
    BIND = "bind"
    LISTEN = "listen"


@dataclass(frozen=True, slots=True)
class Fault:
    step: Step
    error: OSError


@dataclass(frozen=True, slots=True)
class CarryOn:
    """Go on with this socket as it is."""

    log: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Leave this address out; `includes_ipv4`: its IPv6 partner takes its calls."""

    logs: tuple[str, ...] = ()
    includes_ipv4: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Try the same bind again after `seconds`; one try less is left.

    `hint` is what the operator has to do; told once, however often it fails.
    """

    seconds: int
    log: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The daemon cannot start; `earlier` lines go before the last."""

    log: str
    earlier: tuple[str, ...] = ()


Answer = CarryOn | Drop | Wait | GiveUp


def judge(
    fault: Fault,
    at: ListenAt,
    *,
    dual: Collection[ListenAt],
    later: Sequence[ListenAt],
    tries_left: int,
    pause: int,
) -> Answer:
    """`dual` are open IPv6 wildcards that take IPv4 along; `later` comes after `at`."""
    why = fault.error.strerror or str(fault.error)
    match fault.step:
        case Step.CREATE:
            return _creation(at, why, later)
        case Step.V6ONLY:
            return CarryOn(
                "Setting IPV6_V6ONLY on daemon's IPv6 wildcard socket failed"
                f" ({why}): carrying on without it"
            )
        case Step.REUSEADDR:
            return GiveUp(f"setting SO_REUSEADDR on socket failed when starting daemon: {why}")
        case Step.BIND:
            if _is_covered(fault.error, at, dual):
                return Drop(includes_ipv4=True)
            hint = NO_RIGHT if fault.error.errno == errno.EACCES else ""
            return _bind(at, why, tries_left, pause, hint)
        case Step.LISTEN:
            if _is_covered(fault.error, at, dual):
                return Drop(includes_ipv4=True)
            return GiveUp(f"listen() failed on interface {at.shown}: {why}")


def _creation(at: ListenAt, why: str, later: Sequence[ListenAt]) -> Answer:
    """BL-02: no IPv6 in this kernel, and an IPv4 wildcard is still to come; else BL-03."""
    line = f"{'IPv6' if at.is_ipv6 else 'IPv4'} socket creation failed: {why}"
    if at.is_wildcard and at.is_ipv6 and _has_wildcard(later, at.port, ipv6=False):
        will_use = f"Failed to create IPv6 socket for wildcard listening ({why}): will use IPv4"
        return Drop(logs=(line, will_use))
    return GiveUp(line, earlier=(line,))


def _bind(at: ListenAt, why: str, tries_left: int, pause: int, hint: str) -> Answer:
    """BL-06: one budget of tries for all addresses together."""
    line = f"socket bind() to port {at.port} for address {at.shown} failed: {why}: "
    if not tries_left:
        return GiveUp(line + "daemon abandoned", earlier=(hint,) if hint else ())
    tries = f"{tries_left} more {'try' if tries_left == 1 else 'tries'}"
    again = f"waiting {format_duration(pause)} before trying again ({tries})"
    return Wait(pause, line + again, hint)


def _is_covered(error: OSError, at: ListenAt, dual: Collection[ListenAt]) -> bool:
    """BL-07, BL-08: the IPv6 wildcard of the port took IPv4 along; else it is another program."""
    return (
        error.errno == errno.EADDRINUSE
        and at.is_wildcard
        and not at.is_ipv6
        and _has_wildcard(dual, at.port, ipv6=True)
    )


def _has_wildcard(plan: Collection[ListenAt], port: int, *, ipv6: bool) -> bool:
    return any(o.is_wildcard and o.is_ipv6 is ipv6 and o.port == port for o in plan)
