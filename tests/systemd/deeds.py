"""What a process that was taken over might try.  Run inside a unit: `deeds.py STATE_DIRECTORY`.

Each deed either works or fails with an errno; a line of JSON says which, by name.  It is done in a
child of its own, so that a deed that works spoils nothing for the next.  What would do harm where
it is allowed is asked for with a wrong argument: who may, hears EINVAL or EFAULT.  Where the C
library has no call for something, the system call is made by number.

Touches: processes, sockets, disk, kernel.
"""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import platform
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

STATE = Path(sys.argv[1])
LIBC = ctypes.CDLL(None, use_errno=True)
NUMBERS = {  # of system calls; see asm/unistd_64.h and asm-generic/unistd.h
    "x86_64": {
        "bpf": 321,
        "finit_module": 313,
        "kexec_load": 246,
        "perf_event_open": 298,
        "userfaultfd": 323,
    },
    "aarch64": {
        "bpf": 280,
        "finit_module": 273,
        "kexec_load": 104,
        "perf_event_open": 241,
        "userfaultfd": 282,
    },
}[platform.machine()]
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
PTRACE_SEIZE = 0x4206
ADDR_NO_RANDOMIZE = 0x0040000  # a personality
READ_WRITE_EXECUTE = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
PRIVATE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS

Deed = Callable[[], object]


def call(name: str, *arguments: object) -> None:
    """A function of the C library.  Raises OSError."""
    ctypes.set_errno(0)
    result = getattr(LIBC, name)(*arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), name)


def system_call(name: str, *arguments: object) -> None:
    call("syscall", NUMBERS[name], *arguments)


def write(path: str, flags: int = os.O_CREAT) -> None:
    fd = os.open(path, os.O_WRONLY | flags, 0o600)
    os.write(fd, b"0")
    os.close(fd)


def read(path: str) -> None:
    with open(path, "rb") as file:  # noqa: PTH123
        file.read(1)


def map_executable() -> None:
    # By the C library: Python's own mmap() has no way to read such a refusal back.
    LIBC.mmap.restype = ctypes.c_ssize_t
    call("mmap", None, ctypes.c_size_t(4096), READ_WRITE_EXECUTE, PRIVATE, -1, ctypes.c_long(0))


def make_set_uid() -> None:
    path = STATE / "deed"
    path.touch()
    path.chmod(0o4755)


def execute_from(directory: Path) -> None:
    path = directory / "deed.sh"
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)
    os.posix_spawn(path, [str(path)], {})


def kill_other() -> None:
    """The manager of the machine, who would not mind."""
    os.kill(1, 0)


def open_socket(family: int, kind: int = socket.SOCK_RAW) -> None:
    socket.socket(family, kind).close()


def connect_out() -> None:
    """To nobody: what matters is whether there is a way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", 9))


def ask_time_to_change() -> None:
    time.clock_settime(time.CLOCK_REALTIME, time.time())


DEEDS: dict[str, Deed] = {
    # What it needs.
    "write its state": lambda: write(f"{STATE}/deed"),
    "write to the log directory": lambda: write("/var/log/pymta/deed"),
    "read its settings": lambda: list(Path("/etc/pymta").iterdir()),
    "know the load": os.getloadavg,
    "open an IPv4 socket": lambda: open_socket(socket.AF_INET, socket.SOCK_STREAM),
    "open an IPv6 socket": lambda: open_socket(socket.AF_INET6, socket.SOCK_STREAM),
    "have a way out": connect_out,
    "open a local socket": lambda: open_socket(socket.AF_UNIX, socket.SOCK_DGRAM),
    "bind a port of the system": lambda: socket.create_server(("127.0.0.1", 26)).close(),
    # Files of others.
    "write to /etc": lambda: write("/etc/deed"),
    "write its settings": lambda: write("/etc/pymta/deed"),
    "write to /usr": lambda: write("/usr/bin/deed"),
    "write to /boot": lambda: write("/boot/deed"),
    "write to /home": lambda: write("/home/deed"),
    "read /home": lambda: list(Path("/home/user").iterdir()),
    "read /root": lambda: list(Path("/root").iterdir()),
    "write to /var/lib": lambda: write("/var/lib/deed"),
    "write to /run": lambda: write("/run/deed"),
    "read /etc/shadow": lambda: read("/etc/shadow"),
    "see /tmp of others": lambda: read("/tmp/of-others"),
    "read keys of the host": lambda: read("/etc/ssl/private/key"),
    # Programs.
    "execute from its state": lambda: execute_from(STATE),
    "execute from /tmp": lambda: execute_from(Path("/tmp")),
    "execute from /run": lambda: execute_from(Path("/run/pymta")),
    "map memory to write and execute": map_executable,
    "make a set-uid file": make_set_uid,
    "change the execution domain": lambda: call("personality", ADDR_NO_RANDOMIZE),
    # Other users and processes.
    "become root": lambda: os.setresuid(0, 0, 0),
    "become another": lambda: os.setresuid(65534, 65534, 65534),
    "change its groups": lambda: os.setgroups([0]),
    "trace a process": lambda: call("ptrace", PTRACE_SEIZE, os.getppid(), None, None),
    "see other processes": lambda: Path("/proc/1").stat(),
    "signal other processes": kill_other,
    "run before others": lambda: os.nice(-5),
    "run in real time": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    # Namespaces and mounts.
    "mount": lambda: call("mount", b"deed", b"/mnt", b"tmpfs", 0, None),
    "unmount": lambda: call("umount2", b"/etc", 2),
    "change root": lambda: os.chroot("/"),
    "have users of its own": lambda: call("unshare", CLONE_NEWUSER),
    "have mounts of its own": lambda: call("unshare", CLONE_NEWNS),
    "have a network of its own": lambda: call("unshare", CLONE_NEWNET),
    # The kernel.
    "listen to the network": lambda: open_socket(socket.AF_PACKET),
    "configure the network": lambda: open_socket(socket.AF_NETLINK),
    "use ciphers of the kernel": lambda: open_socket(socket.AF_ALG, socket.SOCK_SEQPACKET),
    "talk to virtual machines": lambda: open_socket(socket.AF_VSOCK, socket.SOCK_STREAM),
    "send raw packets": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close(),
    "set the clock": ask_time_to_change,
    "set the host name": lambda: socket.sethostname("deed"),
    "load a module": lambda: system_call("finit_module", 0, b"", 0),
    "load a program for the kernel": lambda: system_call("bpf", 0, None, 0),
    "watch the kernel": lambda: system_call("perf_event_open", None, 0, -1, -1, 0),
    "handle page faults": lambda: system_call("userfaultfd", 0),
    "start another kernel": lambda: system_call("kexec_load", 0, 0, None, 0xFFFF),
    "read the kernel's log": lambda: call("klogctl", 3, ctypes.create_string_buffer(64), 64),
    "change kernel settings": lambda: write("/proc/sys/net/ipv4/ip_forward", 0),
    "see kernel settings": lambda: read("/proc/sys/kernel/hostname"),
    "change control groups": lambda: Path("/sys/fs/cgroup/deed").mkdir(),
    "restart the machine": lambda: call("reboot", 1),
    # Devices.
    "make a device": lambda: os.mknod(STATE / "null", 0o20666, os.makedev(1, 3)),
    "open a device of the host": lambda: read("/dev/of-the-host"),
    "share memory with others": lambda: call("shmget", 0x7079, 1, 0),
    "use randomness": lambda: read("/dev/urandom"),
}


def outcome(deed: Deed) -> str:
    """ "done", or the name of the errno; the child tells by its exit status."""
    child = os.fork()
    if child == 0:
        try:
            deed()
        except OSError as error:
            os._exit(error.errno or 255)
        except BaseException:  # noqa: BLE001 - a mistake in the deed; the child must end here
            traceback.print_exc()
            os._exit(254)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return signal.Signals(-code).name
    return errno.errorcode.get(code, str(code)) if code else "done"


if __name__ == "__main__":
    for name, deed in DEEDS.items():
        print(json.dumps([name, outcome(deed)]), flush=True)
