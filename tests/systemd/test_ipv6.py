"""Machines with half an IPv6, or none: callers by IPv4 are served all the same (check 22)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.doubles.box import Box
from tests.systemd import mta
from tests.systemd.trees import ON_252

pytestmark = [pytest.mark.root, ON_252]

ACTIVATED, SELFBOUND = "pymta.service", "pymta-selfbound.service"
DENIED = "/etc/systemd/system/service.d/no-ipv6.conf"
IN_ALL = "for name in all default lo; do echo 1 >/proc/sys/net/ipv6/conf/$name/disable_ipv6; done"


def take_addresses(box: Box) -> None:
    """The kernel knows IPv6 and has no address of it: bind() to ::1 fails, to :: it does not."""
    box.run("sh", "-c", IN_ALL)


def deny_sockets(box: Box) -> None:
    """As where the kernel has no IPv6: socket() fails in every service, but not in process 1."""
    box.write(DENIED, "[Service]\nRestrictAddressFamilies=~AF_INET6\n")
    box.run("systemctl", "daemon-reload")


def deny_all(box: Box) -> None:
    take_addresses(box)
    deny_sockets(box)


def keep_families_apart(box: Box) -> None:
    box.write("/proc/sys/net/ipv6/bindv6only", "1")


@pytest.mark.parametrize("unit", [ACTIVATED, SELFBOUND])
@pytest.mark.parametrize(
    ("spoil", "has_six", "falls_back"),
    [
        pytest.param(take_addresses, (), (), id="no address"),
        pytest.param(deny_sockets, (ACTIVATED,), (SELFBOUND,), id="no socket"),
        pytest.param(deny_all, (), (SELFBOUND,), id="neither"),
        pytest.param(keep_families_apart, (ACTIVATED, SELFBOUND), (), id="bindv6only"),
    ],
)
def test_ipv4_is_served_and_ipv6_where_there_is_any(
    box: Box,
    unit: str,
    spoil: Callable[[Box], None],
    has_six: tuple[str, ...],
    falls_back: tuple[str, ...],
) -> None:
    spoil(box)

    box.run("systemctl", "start", unit)

    assert mta.first_line(box, "127.0.0.1").startswith("220 ")
    assert mta.first_line(box, "::1").startswith("220 ") == (unit in has_six)
    told = box.says("journalctl", "--no-pager", "-u", unit, "-o", "cat")
    assert ("will use IPv4" in told) == (unit in falls_back)
