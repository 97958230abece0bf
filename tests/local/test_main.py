"""The helper as a real process of root, with real users, asked as a delivery worker asks."""

from __future__ import annotations

import errno
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from pymta.local.rota import MOST, MOST_OF_ONE
from pymta.mail.message_id import make_id
from pymta.transport.classify import Delivered, Later, Outcome
from pymta.transport.local_request import Deed, Forward, Nothing, Request, encode_request
from pymta.transport.mailboxes import file_name
from tests.doubles.daemon import wait_until
from tests.doubles.home_helper import ID, HomeHelper, home_helper
from tests.doubles.own_accounts import EXTRA_GID, GID
from tests.doubles.people import NOBODY, as_user

pytestmark = pytest.mark.root

STORED = (
    b"Return-Path: <s@example.net>\nDelivered-To: alice@localhost\nReceived: by us\n"
    b"Subject: x\n\nhello\n"
)


def later(outcome: Outcome | Forward | Nothing) -> str:
    assert isinstance(outcome, Later), outcome
    return outcome.text


def test_mail_lies_in_the_home_directory_and_is_its_owners(helper: HomeHelper) -> None:
    assert helper.ask("alice") == Delivered()
    (file,) = helper.mail("alice")
    assert file.read_bytes() == STORED
    uid = helper.users["alice"]
    for path in (file, *file.parents[:3]):
        found = path.stat()
        assert (found.st_uid, found.st_gid) == (uid, GID), path
        assert stat.S_IMODE(found.st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert {p.name for p in helper.home("alice").joinpath("Maildir").iterdir()} == {
        "cur",
        "new",
        "tmp",
    }


def test_the_same_message_again_replaces_itself(helper: HomeHelper) -> None:
    helper.ask("alice")
    helper.ask("alice")
    assert len(helper.mail("alice")) == 1


def test_a_large_message_arrives_whole(helper: HomeHelper) -> None:
    body = b"Subject: x\r\n\r\n" + b"0123456789abcdef\r\n" * 1_000_000
    assert helper.ask("alice", body=body) == Delivered()
    (file,) = helper.mail("alice")
    assert file.read_bytes().endswith(b"0123456789abcdef\n" * 3)
    assert file.stat().st_size == len(STORED) - 6 - 11 - 1 + len(body.replace(b"\r\n", b"\n"))


@pytest.mark.parametrize(
    ("account", "why"),
    [
        ("root", "root is root"),
        ("carol", "no account has the name carol"),
        ("program", "user id 900 of program is below local_uid_min, 1000"),
        ("nohome", 'nohome has no home directory, only "/nonexistent"'),
    ],
)
def test_some_get_no_mail_whoever_asks(account: str, why: str) -> None:
    with home_helper() as helper:
        with helper.people.passwd.open("a") as passwd:
            passwd.write(f"program:x:900:{GID}::{helper.home('alice')}:/bin/sh\n")
            passwd.write(f"nohome:x:5000:{GID}::/nonexistent:/bin/sh\n")
        helper.start()
        assert later(helper.ask(account)) == why
    assert not list(Path("/root").glob("Maildir/new/*.pymta"))


def test_the_lowest_user_id_is_a_setting_of_root() -> None:
    with home_helper(settings="local_uid_min = 4002\nsmtp_accept_max = 5\n") as helper:
        helper.start()
        assert "below local_uid_min, 4002" in later(helper.ask("alice"))
        assert helper.ask("bob") == Delivered()


def test_a_child_has_become_the_user_and_has_nothing_else(helper: HomeHelper) -> None:
    with hanging(helper, "alice") as child:
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{child}/status").read_text().splitlines()
        )
        uid = str(helper.users["alice"])
        assert status["Uid"].split() == [uid] * 4
        assert status["Gid"].split() == [str(GID)] * 4
        assert sorted(status["Groups"].split()) == [str(GID), str(EXTRA_GID)]
        for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
            assert int(status[name], 16) == 0, name
        # It cannot be traced, nor its memory read, by other processes of this user.
        assert Path(f"/proc/{child}/mem").stat().st_uid == 0
        fds = {p.name: str(p.readlink()) for p in Path(f"/proc/{child}/fd").iterdir()}
        kinds = sorted(what.partition(":")[0] for n, what in fds.items() if int(n) > 2)
        assert len(kinds) == 2, fds
        assert kinds[1] == "socket"
        assert "(deleted)" in kinds[0]


def test_only_who_may_ask_is_heard() -> None:
    with home_helper() as helper:
        helper.peer = NOBODY - 1
        helper.start()
        helper.path.chmod(0o666)

        def knock() -> str:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
                sock.settimeout(20)
                sock.connect(str(helper.path))
                try:
                    return repr(sock.recv(100))
                except ConnectionResetError:
                    return repr(b"")

        assert as_user(knock) == "b''"
        helper.wait_for_log(f"of uid {NOBODY}: only uid {NOBODY - 1} may ask for a delivery")
        ask = as_user(lambda: repr(helper.ask("alice")), uid=NOBODY - 1, gid=NOBODY)
        assert "Permission" in ask or "Delivered" in ask


def test_the_account_that_may_ask_has_its_message_delivered() -> None:
    with home_helper() as helper:
        helper.peer = NOBODY
        helper.start()
        os.chown(helper.path, NOBODY, NOBODY)
        helper.directory.chmod(0o777)
        assert as_user(lambda: repr(helper.ask("alice"))).startswith("Delivered(")
        assert len(helper.mail("alice")) == 1


@contextmanager
def hanging(helper: HomeHelper, user: str) -> Iterator[int]:
    """A delivery to this user that hangs; its process."""
    with ThreadPoolExecutor(1) as pool:
        helper.hang(helper.home(user))
        answer = pool.submit(helper.ask, user)
        wait_until(lambda: any(is_user(p) for p in helper.children()), "a child that is the user")
        yield next(pid for pid in helper.children() if is_user(pid))
        helper.release()
        answer.result(60)


def is_user(pid: int) -> bool:
    try:
        return b"\nUid:\t0\t" not in Path(f"/proc/{pid}/status").read_bytes()
    except FileNotFoundError:
        return False


def test_a_home_that_hangs_keeps_nobody_else_waiting(helper: HomeHelper) -> None:
    with hanging(helper, "alice"):
        began = time.monotonic()
        assert helper.ask("bob") == Delivered()
        assert time.monotonic() - began < 10


def test_what_hangs_ends_after_its_time() -> None:
    with home_helper(settings='home_timeout = "1s"\n') as helper:
        helper.start()
        helper.hang(helper.home("alice"))
        assert later(helper.ask("alice")) == "the delivery process ended without an answer"
        helper.wait_for_log("delivery process for alice ended with SIGALRM after 1.")
        wait_until(lambda: not helper.children(), "no child")


def test_a_worker_that_gives_up_gets_no_delivery_behind_its_back(helper: HomeHelper) -> None:
    """Its message is tried again; a late delivery of this attempt would be a second one."""
    fifo = helper.home("alice") / "slow"
    fifo.mkdir()
    os.chown(fifo, helper.users["alice"], GID)
    helper.hang(fifo)
    (helper.home("alice") / "Maildir").symlink_to(fifo)
    answer = later(helper.ask("alice", limit=-9.5))
    assert answer.startswith("the delivery helper at")
    assert answer.endswith("gave no answer in time")
    helper.release()
    (helper.home("alice") / "Maildir").unlink()
    assert helper.mail("alice") == []
    assert helper.ask("alice") == Delivered()
    assert len(helper.mail("alice")) == 1


def test_a_child_that_is_killed_leaves_the_mail_for_later(helper: HomeHelper) -> None:
    with ThreadPoolExecutor(1) as pool:
        helper.hang(helper.home("alice"))
        answer = pool.submit(helper.ask, "alice")
        wait_until(lambda: any(map(is_user, helper.children())), "a child")
        os.kill(helper.children()[0], signal.SIGKILL)
        assert later(answer.result(60)) == "the delivery process ended without an answer"
    helper.wait_for_log("delivery process for alice ended with SIGKILL")
    helper.release()
    assert helper.ask("alice") == Delivered()
    assert len(helper.mail("alice")) == 1


def test_a_helper_that_is_killed_loses_and_doubles_nothing(helper: HomeHelper) -> None:
    with ThreadPoolExecutor(4) as pool:
        helper.hang(helper.home("bob"))
        answer = pool.submit(helper.ask, "bob")
        wait_until(lambda: any(map(is_user, helper.children())), "a child")
        child = helper.children()[0]
        helper.kill()
        os.kill(child, signal.SIGKILL)
        later(answer.result(60))
        waiting = pool.submit(helper.ask, "alice")  # comes while nobody listens
        helper.start()
        assert waiting.result(60) == Delivered()
    assert helper.ask("bob") == Delivered()
    assert [len(helper.mail(user)) for user in ("alice", "bob")] == [1, 1]


def test_many_deliveries_at_once_keep_the_bounds() -> None:
    users = [f"user{n}" for n in range(50)]
    with home_helper(*users) as helper:
        helper.start()
        most, ends = [0], threading.Event()

        def watch() -> None:
            while not ends.is_set():
                most[0] = max(most[0], len(helper.children()))

        watching = threading.Thread(target=watch)
        watching.start()
        with ThreadPoolExecutor(200) as pool:
            ids = [make_id(1_795_362_000, n, 0) for n in range(200)]
            asks = [pool.submit(helper.ask, users[n % 50], id=id) for n, id in enumerate(ids)]
            assert {ask.result(100) for ask in asks} == {Delivered()}
        ends.set()
        watching.join()
        assert 1 < most[0] <= MOST
        assert all(len(helper.mail(user)) == 4 for user in users)


def test_one_user_cannot_take_all_processes(helper: HomeHelper) -> None:
    with ThreadPoolExecutor(20) as pool:
        helper.hang(helper.home("alice"))
        asks = [pool.submit(helper.ask, "alice") for _ in range(10)]
        wait_until(lambda: len(helper.children()) == MOST_OF_ONE, "as many as one may have")
        assert helper.ask("bob") == Delivered()
        wait_until(lambda: len(helper.children()) == MOST_OF_ONE, "no more than that")
        helper.release()
        for ask in asks:
            assert isinstance(ask.result(60), (Later, Delivered))


def test_two_recipients_at_once_have_a_message_each(helper: HomeHelper) -> None:
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(helper.ask, ("alice", "bob")))
    assert answers == [Delivered()] * 2
    assert [len(helper.mail(user)) for user in ("alice", "bob")] == [1, 1]


# The home directory.


def test_a_home_that_is_missing_or_not_mounted_puts_the_mail_off(helper: HomeHelper) -> None:
    home = helper.home("alice")
    home.rmdir()
    assert later(helper.ask("alice")) == (
        f"No such file or directory: home directory {home} (not mounted?)"
    )
    home.mkdir()  # the mount point is root's
    why = f"home directory {home} belongs to uid 0, not to alice: not mounted?"
    assert later(helper.ask("alice")) == why
    assert list(home.iterdir()) == []


def test_a_home_on_a_full_disk_puts_the_mail_off_and_shows_no_part() -> None:
    with home_helper() as helper:
        home = helper.home("alice")
        owner = f"mode=700,uid={helper.users['alice']},gid={GID}"
        helper.before_start = f"mount -t tmpfs -o size=64k,{owner} tmpfs {home}"
        helper.start()
        seen = Path(f"/proc/{helper.pid}/root{home}")
        body = b"Subject: x\r\n\r\n" + b"0123456789abcdef\r\n" * 10_000
        assert later(helper.ask("alice", body=body)) == (
            f"No space left on device: cannot store into {home}/Maildir"
        )
        assert not [p for p in seen.rglob("*") if p.is_file()]
        assert helper.ask("alice") == Delivered()
        assert len(list(seen.glob("Maildir/new/*"))) == 1


def test_links_are_followed_with_the_rights_of_the_user_alone(helper: HomeHelper) -> None:
    elsewhere = helper.directory / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    maildir = helper.home("alice") / "Maildir"
    maildir.symlink_to(elsewhere)
    assert later(helper.ask("alice")) == f"Permission denied: cannot store into {maildir}"
    assert list(elsewhere.iterdir()) == []
    os.chown(elsewhere, helper.users["alice"], GID)
    assert helper.ask("alice") == Delivered()
    assert len(list(elsewhere.glob("new/*"))) == 1


def test_a_maildir_is_not_made_where_that_is_not_wanted() -> None:
    settings = 'home_maildir = "mail/in"\nhome_maildir_create = false\n'
    with home_helper(settings=settings) as helper:
        helper.start()
        place = helper.home("alice") / "mail" / "in"
        why = f"No such file or directory: cannot store into {place}"
        assert later(helper.ask("alice")) == why
        for name in ("tmp", "new", "cur"):
            (place / name).mkdir(parents=True)
        for path in (place.parent, place, *place.iterdir()):
            os.chown(path, helper.users["alice"], GID)
        assert helper.ask("alice") == Delivered()
        assert len(list(place.glob("new/*"))) == 1


# The .forward.


def write_forward(helper: HomeHelper, content: bytes, mode: int = 0o644, uid: int = -1) -> Path:
    path = helper.people.write("alice", ".forward", content, mode)
    if uid >= 0:
        os.chown(path, uid, GID)
    return path


@pytest.mark.parametrize("uid", [-1, 0], ids=["the user's", "root's"])
def test_a_forward_is_told_and_nothing_is_stored(helper: HomeHelper, uid: int) -> None:
    write_forward(helper, b"bob\n", uid=uid)
    assert helper.ask("alice") == Forward(b"bob\n")
    assert helper.mail("alice") == []
    assert helper.ask("alice", deed=Deed.STORE) == Delivered()


def test_a_forward_may_be_a_link_to_another_file_of_the_user(helper: HomeHelper) -> None:
    write_forward(helper, b"bob\n").rename(helper.home("alice") / "real")
    (helper.home("alice") / ".forward").symlink_to("real")
    assert helper.ask("alice") == Forward(b"bob\n")


def test_a_list_of_his_own_is_told_with_it(helper: HomeHelper) -> None:
    path = helper.people.write("alice", "list", b"carol@example.org\n|/bin/cat\n", 0o600)
    write_forward(helper, f"bob, :include:{path}\n".encode())
    assert helper.ask("alice", deed=Deed.FORWARD) == Forward(b'bob\ncarol@example.org\n"|/bin/cat"')
    assert helper.ask("alice", deed=Deed.ITEM, item="|/bin/cat") == Delivered()
    path.unlink()


def give_to_bob(helper: HomeHelper, path: Path) -> None:
    path.chmod(0o644)
    os.chown(path, helper.users["bob"], -1)


LISTS: dict[str, tuple[Callable[[HomeHelper, Path], object], str]] = {
    "there is none": (lambda _, path: path.unlink(), "cannot be read: No such file"),
    "another's": (give_to_bob, "belongs to uid"),
    "writable by all": (lambda _, path: path.chmod(0o602), "is writable by others"),
    "not readable": (lambda _, path: path.chmod(0o200), "cannot be read: Permission denied"),
    "root alone reads it": (lambda _, path: os.chown(path, 0, 0), "Permission denied"),
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_that_cannot_be_trusted_puts_the_mail_off(helper: HomeHelper, kind: str) -> None:
    spoil, why = LISTS[kind]
    path = helper.people.write("alice", "list", b"carol@example.org\n", 0o600)
    write_forward(helper, f"bob, :include:{path}\n".encode())
    spoil(helper, path)
    answer = helper.ask("alice", deed=Deed.FORWARD)
    path.unlink(missing_ok=True)
    assert isinstance(answer, Later)
    assert f"the forward file of alice cannot be used: line 1: {path}" in answer.why
    assert why in answer.why


def test_a_forward_that_only_root_could_read_is_not_told(helper: HomeHelper) -> None:
    secret = helper.directory / "secret"
    secret.write_text("geheim")
    secret.chmod(0o600)
    path = helper.home("alice") / ".forward"
    path.symlink_to(secret)
    assert later(helper.ask("alice")) == f"Permission denied: cannot open {path}"


def make_fifo(helper: HomeHelper) -> None:
    os.mkfifo(helper.home("alice") / ".forward")


BAD: dict[str, tuple[Callable[[HomeHelper], object], str]] = {
    "writable by the group": (
        lambda h: write_forward(h, b"bob", 0o664),
        "is writable by others (mode 0664); chmod go-w mends it",
    ),
    "writable by all": (lambda h: write_forward(h, b"bob", 0o602), "is writable by others"),
    "another's": (
        lambda h: write_forward(h, b"bob", uid=h.users["bob"]),
        "belongs to uid 4002, not to alice",
    ),
    "too large": (lambda h: write_forward(h, b"x" * 40_000), "has more than 32768 bytes"),
    "a FIFO": (make_fifo, "is no regular file"),
    "a directory": (lambda h: (h.home("alice") / ".forward").mkdir(), "is no regular file"),
    "not readable": (lambda h: write_forward(h, b"bob", 0o200), "Permission denied: cannot open"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_forward_that_cannot_be_trusted_puts_the_mail_off(helper: HomeHelper, kind: str) -> None:
    make, why = BAD[kind]
    make(helper)
    assert why in later(helper.ask("alice"))
    assert helper.mail("alice") == []


def test_no_forward_is_read_where_none_is_wanted() -> None:
    with home_helper(settings='forward_file = ""\n') as helper:
        write_forward(helper, b"bob\n")
        helper.start()
        assert helper.ask("alice") == Delivered()


# What is asked.


def talk(helper: HomeHelper, packet: bytes, fds: list[int]) -> bytes:
    """Something that no delivery worker would ask."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        sock.settimeout(20)
        sock.connect(str(helper.path))
        rights = struct.pack(f"{len(fds)}i", *fds)
        sock.sendmsg([packet], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if fds else [])
        packets = []
        try:
            while packet := sock.recv(4096):
                packets.append(packet)
        except ConnectionResetError:
            pass
        return b"|".join(packets)


def request(size: int = 2, account: str = "alice") -> bytes:
    name = file_name(ID, f"{account}@localhost")
    return encode_request(Request(account, name, size, "", "alice@localhost", Deed.STORE))


def test_what_is_no_request_is_refused_and_told(helper: HomeHelper, tmp_path: Path) -> None:
    with (tmp_path / "m").open("wb+") as file:
        fd = file.fileno()
        for packet, fds in (
            (b"execute\0id", [fd]),
            (request(), []),
            (request(), [fd, fd]),
            (b"x" * 20_000, [fd]),
        ):
            assert talk(helper, packet, fds) == b""
        assert helper.log().count("refused a request") == 4
    assert helper.ask("alice") == Delivered()


def test_a_message_that_is_not_whole_is_not_stored(helper: HomeHelper, tmp_path: Path) -> None:
    read, write = os.pipe()
    with (tmp_path / "m").open("wb+") as file:
        file.write(b"a\n")
        file.flush()
        refused = b"taken|later 0 the message is not what was announced"
        assert talk(helper, request(3), [file.fileno()]) == refused
        assert talk(helper, request(2), [read]) == refused
        assert helper.mail("alice") == []
        assert talk(helper, request(2), [file.fileno()]) == b"taken|stored"
    os.close(read)
    os.close(write)


def test_who_says_nothing_is_not_waited_for(helper: HomeHelper) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        sock.connect(str(helper.path))
        sock.settimeout(60)
        assert helper.ask("alice") == Delivered()
        assert sock.recv(100) == b""


# Its life.


def test_settings_that_others_could_have_written_keep_it_from_starting() -> None:
    with home_helper() as helper:
        helper.config.chmod(0o666)
        helper.launch()
        assert helper.wait() == 1
        assert "others than root may write it (mode 0666)" in helper.log()


def test_a_hangup_reads_the_settings_anew_and_wrong_ones_change_nothing(
    helper: HomeHelper,
) -> None:
    helper.config.write_text("local_uid_min = 4002\n")
    os.kill(helper.pid, signal.SIGHUP)
    helper.wait_for_log("goes on with local_uid_min 4002")
    assert "below" in later(helper.ask("alice"))
    helper.config.write_text("local_uid_min = 0\n")
    os.kill(helper.pid, signal.SIGHUP)
    helper.wait_for_log("goes on with the former settings")
    assert "below local_uid_min, 4002" in later(helper.ask("alice"))


def test_asked_to_stop_it_finishes_what_is_under_way(helper: HomeHelper) -> None:
    slow = helper.home("alice") / "slow"
    slow.mkdir()
    os.chown(slow, helper.users["alice"], GID)
    helper.hang(slow)
    (helper.home("alice") / ".forward").symlink_to("slow/x")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(helper.ask, "alice")
        wait_until(lambda: any(map(is_user, helper.children())), "a child")
        os.kill(helper.pid, signal.SIGTERM)
        helper.release()
        # It depends on how far the child had come.
        assert isinstance(answer.result(60), (Later, Delivered))
    assert helper.wait() == 0
    assert "delivery helper stopped" in helper.log()


def test_it_ends_with_the_daemon_that_holds_its_leash() -> None:
    read, write = os.pipe()
    with home_helper() as helper:
        helper.leash = read
        helper.start()
        os.close(read)
        assert helper.ask("alice") == Delivered()
        os.close(write)
        assert helper.wait() == 0


def test_without_root_or_a_socket_it_says_so() -> None:
    command = ["-P", "-m", "pymta.local.main", "0", ""]
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 1
    assert "want one socket from systemd" in done.stderr


def test_the_worker_hears_when_nobody_listens() -> None:
    with home_helper() as helper:
        helper.close()
        helper.path.unlink()
        found = helper.ask("alice")
        assert isinstance(found, Later)
        assert found.number == errno.ENOENT
