"""Mail for system users as systemd runs it: a small root helper, real accounts, real homes."""

from __future__ import annotations

import re

import pytest

from tests.doubles.box import Box
from tests.doubles.peers import CHECKOUT
from tests.systemd import mta
from tests.systemd.trees import ON_257, ON_BOTH

pytestmark = [pytest.mark.root, ON_257]

HELPER = "pymta-deliver.service"
SETTINGS = 'local_users = true\nretry = ["F,1h,1s"]\n'


@pytest.fixture
def homes(box: Box) -> Box:
    """A machine with the users alice and bob, whose daemon takes mail for them."""
    box.run("sh", "-c", "rm -rf /home/alice /home/bob")
    for user in ("alice", "bob"):
        box.run("useradd", "--create-home", "--shell", "/usr/sbin/nologin", user)
    mta.settings(box, SETTINGS)
    box.run("systemctl", "start", "pymta.service")
    return box


def mail(box: Box, user: str) -> list[str]:
    """Names, owners and modes of what lies in new/."""
    listing = f"cd /home/{user}/Maildir/new 2>/dev/null && stat -c '%n %U:%G %a' * 2>/dev/null; :"
    return box.says("sh", "-c", listing).splitlines()


def wait_for_mail(box: Box, user: str, count: int = 1) -> list[str]:
    box.wait_until(f"{count} for {user}", lambda: len(mail(box, user)) >= count)
    return mail(box, user)


def told(box: Box, id: str) -> str:
    return box.says("journalctl", "--no-pager", "-o", "cat", f"PYMTA_QUEUE_ID={id}")


def wait_for_line(box: Box, id: str, pattern: str) -> str:
    box.wait_until(pattern, lambda: bool(re.search(pattern, told(box, id))))
    return told(box, id)


def run_queue(box: Box) -> None:
    box.run("systemctl", "start", "pymta-queue.service")


@ON_BOTH
def test_units_are_understood_and_closed_as_far_as_can_be(box: Box) -> None:
    """Acceptance checks 1 and 2."""
    units = "/usr/lib/systemd/system/pymta-deliver.*"
    assert box.says("sh", "-c", f"systemd-analyze verify --man=no {units}") == ""
    verdict = box.says("systemd-analyze", "security", "--no-pager", HELPER).splitlines()[-1]
    print(verdict)
    assert float(verdict.split(":")[1].split()[0]) <= 1.6, verdict
    assert box.run("systemctl", "is-enabled", "pymta-deliver.socket", check=False).stdout == (
        "disabled\n"
    )


@ON_BOTH
def test_mail_lies_in_the_home_of_its_owner(homes: Box) -> None:
    """Acceptance check 23: owned by the user, mode 0600; no process of root before the first."""
    assert mta.shows(homes, "ActiveState", HELPER) == "inactive"
    assert mta.shows(homes, "ActiveState", "pymta-deliver.socket") == "active"
    id = mta.send(homes, to="alice@localhost,bob@localhost")
    (file,) = wait_for_mail(homes, "alice")
    assert file.endswith(" alice:alice 600")
    assert wait_for_mail(homes, "bob")[0].endswith(" bob:bob 600")
    assert homes.says("stat", "-c", "%U %a", "/home/alice/Maildir/new") == "alice 700"
    text = homes.says("sh", "-c", "cat /home/alice/Maildir/new/*")
    assert "Return-Path: <someone@example.org>\nDelivered-To: alice@localhost\n" in text
    story = mta.story(homes, id)
    assert "=> alice <alice@localhost> R=local_user T=maildir" in story
    assert mta.shows(homes, "ActiveState", HELPER) == "active"


@ON_BOTH
def test_the_helper_can_do_next_to_nothing(homes: Box) -> None:
    """Tried, not read: from inside its namespaces, with what it has."""
    mta.send(homes, to="alice@localhost")
    wait_for_mail(homes, "alice")
    pid = mta.shows(homes, "MainPID", HELPER)
    status = homes.says("cat", f"/proc/{pid}/status")
    assert "CapBnd:\t00000000000000c0" in status  # CAP_SETGID, CAP_SETUID
    assert "CapEff:\t00000000000000c0" in status
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    assert re.search(
        r"^Max processes +2048 ", homes.says("cat", f"/proc/{pid}/limits"), re.MULTILINE
    )

    def is_able(attempt: str) -> bool:
        limited = ("setpriv", "--bounding-set=-all,+setuid,+setgid", "--inh-caps=-all")
        inside = ("nsenter", "-t", pid, "-m", "-n", *limited, "sh", "-c", attempt)
        return homes.run(*inside, check=False).returncode == 0

    assert is_able("setpriv --reuid=alice --clear-groups touch /home/alice/x")
    for attempt in (
        "touch /etc/x",
        "touch /var/lib/pymta/x",
        "ls /var/lib/pymta/spool",
        "cat /var/lib/pymta/config/current.json",
        "ls /home/alice/Maildir",
        "chown root /home/alice",
        "mount -t tmpfs x /mnt",
        "bash -c 'exec 3<>/dev/tcp/127.0.0.1/25'",
    ):
        assert not is_able(attempt), attempt


def test_a_user_says_where_his_mail_goes(homes: Box) -> None:
    forward = "# to my brother, and a copy\nbob\n\\alice\n"
    homes.write("/home/alice/.forward", forward)
    homes.run("chown", "alice:alice", "/home/alice/.forward")
    id = mta.send(homes, to="alice@localhost")
    wait_for_mail(homes, "alice")
    wait_for_mail(homes, "bob")
    story = mta.story(homes, id)
    assert "alice <alice@localhost> has the message sent on to bob@localhost, \\alice@" in story
    assert "=> bob <alice@localhost> R=local_user T=maildir" in story


def test_mail_lies_in_var_mail_as_debian_has_it(homes: Box) -> None:
    """The group that may make files there is taken on inside of the sandbox."""
    mta.settings(homes, f'{SETTINGS}mail_spool_directory = "/var/mail"\n')
    homes.run("systemctl", "reload-or-restart", "pymta.service")
    homes.run("sh", "-c", "rm -f /var/mail/*")
    id = mta.send(homes, to="alice@localhost")
    wait_for_line(homes, id, "=> alice <alice@localhost> R=local_user T=mbox")
    assert homes.says("stat", "-c", "%U:%G %a", "/var/mail/alice") == "alice:mail 660"
    assert homes.says("ls", "/var/mail") == "alice"
    assert homes.says("head", "-c", "5", "/var/mail/alice") == "From "


# What a command of a user tries, and says of it; python3 stands for programs with a compiler.
TRIES = """#!/bin/sh
try() { name=$1; shift; "$@" >/dev/null 2>&1 && echo "$name yes" || echo "$name no"; }
exec >$HOME/tried.new
id -un
try home touch $HOME/x
try elsewhere touch /srv/x
try network bash -c 'exec 3<>/dev/tcp/127.0.0.1/25'
try set-id sh -c '[ "$($HOME/whoami)" = root ]'
setsid sleep 600 &
try compile python3 -c 'import mmap; mmap.mmap(-1, 4096, prot=7)'
mv $HOME/tried.new $HOME/tried
"""
LOOSE = {
    "PrivateNetwork=no": "network",
    "IPAddressDeny=": "network",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK": "network",
    "MemoryDenyWriteExecute=no": "compile",
    "NoNewPrivileges=no": "set-id",
    "RestrictSUIDSGID=no": "set-id",
    "ReadWritePaths=/srv/lists": "elsewhere",
}


def tried(box: Box) -> dict[str, str]:
    """What a command of alice's could do when a message came."""
    box.run("rm", "-f", "/home/alice/tried")
    id = mta.send(box, to="alice@localhost")
    wait_for_line(box, id, "=> \\|/home/alice/try <alice@localhost> R=local_user T=address_pipe")
    procs = f"/sys/fs/cgroup{mta.shows(box, 'ControlGroup', HELPER)}/cgroup.procs"
    left = f"for p in $(cat {procs}); do cat /proc/$p/comm; done"
    assert "sleep" not in box.says("sh", "-c", left).split(), "it has left the helper a process"
    who, *lines = box.says("cat", "/home/alice/tried").splitlines()
    assert who == "alice"
    return dict(line.split() for line in lines)


def test_a_command_runs_in_the_sandbox_and_a_drop_in_loosens_it(homes: Box) -> None:
    """Tried: what it takes from commands, and that the lines that we ship give it back."""
    for name, text in (("try", TRIES), (".forward", "|/home/alice/try\n")):
        homes.write(f"/home/alice/{name}", text)
        homes.run("chown", "alice:alice", f"/home/alice/{name}")
    homes.run("chmod", "755", "/home/alice/try")
    whoami = "/home/alice/whoami"
    homes.run("sh", "-c", f"cp /usr/bin/whoami {whoami} && chmod 4755 {whoami}; chmod 777 /srv")

    closed = dict.fromkeys(LOOSE.values(), "no")
    assert tried(homes) == {"home": "yes", **closed}

    shipped = (CHECKOUT / "systemd" / "pymta-deliver-commands.conf").read_text()
    for line in LOOSE:
        assert f"\n#{line}\n" in shipped
        shipped = shipped.replace(f"#{line}\n", f"{line}\n")
    shipped = shipped.replace("/srv/lists", "/srv")
    directory = "/etc/systemd/system/pymta-deliver.service.d"
    homes.run("mkdir", "-p", directory)
    homes.write(f"{directory}/commands.conf", shipped)
    homes.run("systemctl", "daemon-reload")
    homes.run("systemctl", "restart", HELPER)
    assert set(tried(homes).values()) == {"yes"}


def run_and_see(box: Box, user: str) -> bool:
    run_queue(box)
    return bool(mail(box, user))


def test_the_mail_of_root_is_the_postmasters(homes: Box) -> None:
    id = mta.send(homes, to="root@localhost")
    assert "=> postmaster <root@localhost> R=local T=maildir" in mta.story(homes, id)
    assert homes.run("test", "-e", "/root/Maildir", check=False).returncode != 0


@pytest.mark.parametrize("to", ["daemon", "nobody", "pymta", "carol"])
def test_programs_and_strangers_get_no_mail(homes: Box, to: str) -> None:
    message = ("--from", "someone@example.org", "--to", f"{to}@localhost", "--server", "127.0.0.1")
    done = homes.run("swaks", "--timeout", "20", *message, check=False)
    assert "550 5.1.1 Unknown user" in done.stdout


def test_only_pymta_may_ask(homes: Box) -> None:
    connect = (
        "import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET);"
        " s.connect('/run/pymta-deliver/socket'); s.settimeout(10); print(s.recv(10))"
    )
    assert homes.says("stat", "-c", "%U %a", "/run/pymta-deliver/socket") == "pymta 600"
    done = homes.run("runuser", "-u", "bob", "--", *mta.PYTHON, "-c", connect, check=False)
    assert "PermissionError" in done.stdout
    homes.run("chmod", "666", "/run/pymta-deliver/socket")
    done = homes.run("runuser", "-u", "bob", "--", *mta.PYTHON, "-c", connect, check=False)
    assert done.stdout.endswith(
        ("b''\n", "ConnectionResetError: [Errno 104] Connection reset by peer\n")
    )
    log = homes.says("journalctl", "-u", HELPER, "-o", "cat")
    assert re.search(r"refused process \d+ of uid \d+: only uid \d+ may ask for a delivery", log)


def test_a_home_that_is_mounted_later_is_served_then(homes: Box) -> None:
    """Missing, then not mounted, then there: on a disk that is too small at first."""
    homes.run("mv", "/home/alice", "/home/alice.away")
    id = mta.send(homes, to="alice@localhost")
    wait_for_line(homes, id, r"defer \(2\): No such file or directory: home directory /home/alice")
    homes.run("mkdir", "/home/alice")
    homes.wait_until(
        "it is not mounted",
        lambda: run_and_see(homes, "alice") or "belongs to uid 0, not to alice" in told(homes, id),
    )
    owner = "mode=700,uid=alice,gid=alice"
    homes.run("mount", "-t", "tmpfs", "-o", f"size=4k,nr_inodes=3,{owner}", "home", "/home/alice")
    homes.wait_until(
        "it is full",
        lambda: run_and_see(homes, "alice") or "No space left on device" in told(homes, id),
    )
    homes.run("mount", "-o", "remount,size=1m,nr_inodes=100", "/home/alice")
    homes.wait_until("it is there", lambda: run_and_see(homes, "alice"))
    assert len(mail(homes, "alice")) == 1
    mta.story(homes, id)


def test_a_helper_that_is_killed_in_the_middle_delivers_once_later(homes: Box) -> None:
    mta.send(homes, to="bob@localhost")
    wait_for_mail(homes, "bob")
    pid = mta.shows(homes, "MainPID", HELPER)
    homes.run("systemctl", "kill", "--kill-whom=main", "-s", "STOP", HELPER)
    id = mta.send(homes, to="alice@localhost")  # its request lies there, and nobody reads it
    homes.run("systemctl", "kill", "--kill-whom=main", "-s", "KILL", HELPER)
    wait_for_line(homes, id, "=> alice|defer")
    homes.wait_until("it is delivered", lambda: run_and_see(homes, "alice"))
    mta.story(homes, id)
    assert len(mail(homes, "alice")) == 1
    assert mta.shows(homes, "MainPID", HELPER) != pid


def test_a_reload_of_the_daemon_reaches_the_helper(homes: Box) -> None:
    mta.send(homes, to="alice@localhost")
    wait_for_mail(homes, "alice")
    mta.settings(homes, SETTINGS + 'home_maildir = "mail"\n')
    homes.run("systemctl", "reload", "pymta")
    homes.wait_until(
        "the helper has read them",
        lambda: "goes on with" in homes.says("journalctl", "-u", HELPER, "-o", "cat"),
    )
    mta.send(homes, to="alice@localhost")
    homes.wait_until(
        "in the new place",
        lambda: homes.run("sh", "-c", "ls /home/alice/mail/new/*", check=False).returncode == 0,
    )


def test_settings_that_others_may_write_keep_the_helper_down_and_mail_waits(homes: Box) -> None:
    homes.run("chmod", "666", "/etc/pymta/pymta.toml")
    id = mta.send(homes, to="alice@localhost")
    log = ("journalctl", "-u", HELPER, "-o", "cat")
    homes.wait_until(
        "it says why", lambda: "others than root may write it (mode 0666)" in homes.says(*log)
    )
    homes.run("chmod", "644", "/etc/pymta/pymta.toml")
    wait_for_mail(homes, "alice")
    mta.story(homes, id)
