"""How the facts are read: the files of the kernel, systemctl, resolv.conf, certificates."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from pymta.doctor.as_owner import ask_as_owner
from pymta.doctor.ask_kernel import (
    ask_process,
    is_writable,
    listening_in,
    read_limits,
    who_listens,
)
from pymta.doctor.ask_machine import servers_of
from pymta.doctor.ask_systemd import read_units

MOUNTS = """\
24 1 0:20 / / ro,relatime shared:1 - ext4 /dev/sda1 rw
25 24 0:21 / /etc rw,nosuid - tmpfs tmpfs rw
26 24 0:22 / /usr/local rw - tmpfs tmpfs rw
27 25 0:23 / /etc ro - tmpfs tmpfs rw
"""


def test_the_mount_on_top_says_who_may_write() -> None:
    assert [is_writable(path, MOUNTS) for path in ("/usr", "/etc", "/usr/local/x", "/usr/localx")] \
        == [False, False, True, False]  # fmt: skip


def test_limits_are_numbers_or_none() -> None:
    text = (
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max processes             4096                 8192                 processes \n"
        "Max open files            unlimited            unlimited            files     \n"
    )
    assert read_limits(text) == {"processes": 4096, "open files": None}


def test_our_own_process_is_known() -> None:
    found = ask_process(os.getpid())
    assert found
    assert found.status["Uid"].split()[0] == str(os.getuid())
    assert ask_process(1 << 30) is None


def test_who_listens_has_a_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        assert who_listens(port).endswith(f", process {os.getpid()}")
    assert who_listens(port) == ""


def test_a_unit_is_a_paragraph() -> None:
    units = list(read_units("Id=a.service\nExecStart={ a=b }\n\nId=b.socket\nLoadState=loaded\n"))
    assert [one.name for one in units] == ["a.service", "b.socket"]
    assert units[0]["ExecStart"] == "{ a=b }"
    assert units[1].is_loaded
    assert units[1]["Missing"] == ""


def test_name_servers_are_those_of_resolv_conf() -> None:
    text = "# a\nnameserver 192.0.2.1\nsearch a\nnameserver fe80::1%eth0\nnameserver\n" * 2
    assert list(servers_of(text)) == ["192.0.2.1", "fe80::1", "192.0.2.1"]


def test_a_trial_leaves_nothing_behind(tmp_path: Path) -> None:
    us = (os.geteuid(), os.getegid())
    missing = str(tmp_path / "missing")
    answer = ask_as_owner(str(tmp_path), [str(tmp_path), missing], 0, us, lambda _u, _g: None)
    assert not isinstance(answer, str)
    tried, waiting = answer
    assert [(one.path, one.why) for one in tried] == [
        (str(tmp_path), ""),
        (missing, "No such file or directory"),
    ]
    assert waiting.messages == 0
    assert list(tmp_path.iterdir()) == []


def test_sockets_in_the_file_system_that_listen_are_known_by_name() -> None:
    table = (
        "Num       RefCount Protocol Flags    Type St Inode Path\n"
        "0000000000000000: 00000002 00000000 00010000 0001 01 11 /run/pymta/submit\n"
        "0000000000000000: 00000003 00000000 00000000 0001 03 12 /run/other\n"
        "0000000000000000: 00000003 00000000 00000000 0001 03 13\n"
        "0000000000000000: 00000002 00010000 00010000 0005 01 14 /run/with a blank\n"
    )
    assert list(listening_in(table)) == ["/run/pymta/submit", "/run/with a blank"]
