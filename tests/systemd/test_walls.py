"""What a process of ours can and cannot do, once it was taken over: tried inside each unit.

Each unit starts `deeds.py` in place of pymta.  What a deed comes to is compared with the table
here; the same deeds in a unit without walls, as root, show that it is the unit that refuses them.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.doubles.box import Box
from tests.systemd import mta
from tests.systemd.trees import ON_BOTH

pytestmark = [pytest.mark.root, ON_BOTH]

DEEDS = Path(__file__).with_name("deeds.py")
PLACE = "/usr/local/lib/pymta-deeds/deeds.py"
COMMAND = f"{' '.join(mta.PYTHON)} {PLACE} /var/lib/pymta"
NEEDED = """\
write its state
write to the log directory
read its settings
know the load
open an IPv4 socket
open an IPv6 socket
have a way out
open a local socket
use randomness
"""
REFUSED = {
    "bind a port of the system": "EACCES",
    "write to /etc": "EROFS",
    "write its settings": "EROFS",
    "write to /usr": "EROFS",
    "write to /boot": "EROFS",
    "write to /home": "EACCES",
    "read /home": "EACCES",
    "read /root": "EACCES",
    "write to /var/lib": "EROFS",
    "write to /run": "EROFS",
    "read /etc/shadow": "EACCES",
    "see /tmp of others": "ENOENT",
    "read keys of the host": "EACCES",
    "execute from its state": "EACCES",
    "execute from /tmp": "EACCES",
    "execute from /run": "EACCES",
    "map memory to write and execute": "EPERM",
    "make a set-uid file": "EPERM",
    "change the execution domain": "EPERM",
    "become root": "EPERM",
    "become another": "EPERM",
    "change its groups": "EPERM",
    "trace a process": "EPERM",
    "see other processes": "ENOENT",
    "signal other processes": "EPERM",
    "run before others": "EPERM",
    "run in real time": "EPERM",
    "mount": "EPERM",
    "unmount": "EPERM",
    "change root": "EPERM",
    "have users of its own": "EPERM",
    "have mounts of its own": "EPERM",
    "have a network of its own": "EPERM",
    "listen to the network": "EAFNOSUPPORT",
    "configure the network": "EAFNOSUPPORT",
    "use ciphers of the kernel": "EAFNOSUPPORT",
    "talk to virtual machines": "EAFNOSUPPORT",
    "send raw packets": "EPERM",
    "set the clock": "EPERM",
    "set the host name": "EPERM",
    "load a module": "EPERM",
    "load a program for the kernel": "EPERM",
    "watch the kernel": "EPERM",
    "handle page faults": "EPERM",
    "start another kernel": "EPERM",
    "read the kernel's log": "EPERM",
    "change kernel settings": "ENOENT",
    "see kernel settings": "ENOENT",
    "change control groups": "EROFS",
    "restart the machine": "EPERM",
    "make a device": "EPERM",
    "open a device of the host": "ENOENT",
    "share memory with others": "ENOENT",
}
EXPECTED = dict.fromkeys(NEEDED.splitlines(), "done") | REFUSED
OTHERWISE = {
    "pymta.service": {},
    "pymta-queue.service": {},
    "pymta-selfbound.service": {"bind a port of the system": "done"},
    "pymta-tidy.service": dict.fromkeys(
        [
            "open an IPv4 socket",
            "open an IPv6 socket",
            "have a way out",
            "bind a port of the system",
            "send raw packets",
        ],
        "EAFNOSUPPORT",
    ),
}
# By User= alone, and not by a wall: what root owns, and processes of root.
BY_ACCOUNT = [
    "read /etc/shadow",
    "read keys of the host",
    "see other processes",
    "signal other processes",
]
# A box has not these capabilities either, so no unit in it; and not every kernel has these sockets.
IMPOSSIBLE_ANYWAY = {
    "set the clock",
    "load a module",
    "read the kernel's log",
    "use ciphers of the kernel",
    "talk to virtual machines",
}
OF_OTHERS = """
mkdir -p /home/user /etc/ssl/private
touch /tmp/of-others /etc/ssl/private/key
chmod 700 /etc/ssl/private
mknod -m 666 /dev/of-the-host c 1 3
install -d -o pymta /run/pymta /var/log/pymta
python3 -c 'import ctypes; assert ctypes.CDLL(None).shmget(0x7079, 4096, 0o1666) >= 0'
"""


@pytest.fixture
def scene(box: Box) -> Box:
    """A machine that has something to lose."""
    box.run("sh", "-ec", OF_OTHERS)
    box.write(PLACE, DEEDS.read_text())
    box.run("chmod", "-R", "a+rX", str(Path(PLACE).parent))
    return box


def outcomes(box: Box, unit: str, *more: str) -> dict[str, str]:
    """What comes of each deed in this unit; `more` are other lines for its [Service]."""
    lines = ["[Unit]", "ConditionDirectoryNotEmpty=", "ConditionPathExists=", "[Service]"]
    lines += ["Type=oneshot", "ExecStart=", f"ExecStart={COMMAND}", "StandardOutput=file:/deeds"]
    box.write(f"/etc/systemd/system/{unit}.d/deeds.conf", "\n".join([*lines, *more, ""]))
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "start", unit)
    found = dict(map(json.loads, box.says("cat", "/deeds").splitlines()))
    # systemd has two ways to forbid this one, depending on the kernel.
    if found["map memory to write and execute"] == "EACCES":
        found["map memory to write and execute"] = "EPERM"
    return found


@pytest.mark.parametrize("unit", OTHERWISE)
def test_a_unit_allows_what_it_needs_and_refuses_all_the_rest(scene: Box, unit: str) -> None:
    assert outcomes(scene, unit) == EXPECTED | OTHERWISE[unit]


def test_the_walls_hold_for_root_too(scene: Box) -> None:
    assert outcomes(scene, "pymta.service", "User=root") == EXPECTED | dict.fromkeys(
        BY_ACCOUNT, "done"
    )


def test_without_walls_root_can_do_all_that(scene: Box) -> None:
    """So none of it fails for another reason than that a unit forbids it."""
    scene.write("/etc/systemd/system/free.service", "[Unit]\nDescription=no walls\n")
    free = outcomes(scene, "free.service")

    assert free.keys() == EXPECTED.keys()
    alike = {deed for deed, refusal in REFUSED.items() if free[deed] == refusal}
    assert alike <= IMPOSSIBLE_ANYWAY
    allowed = {"done", "EINVAL", "EFAULT", "EBADF", "ENOSYS"}  # the last: not in this kernel
    assert {free[deed] for deed in REFUSED.keys() - alike} <= allowed
