"""Logins by the password file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import scramp

from pymta.accounts.host_secret import host_secret
from pymta.accounts.password_file import FilePasswords, FileScram, PasswordFile
from pymta.accounts.password_line import Crypt, Hash
from pymta.accounts.password_text import PasswordText
from pymta.accounts.told import Told
from pymta.journal.event import Event, Kind
from pymta.sasl.exchange import Challenge, Failure, Fault, Link, Success
from pymta.sasl.verifier import derive

LINK = Link()
SECRET = b"of this host"
ALICE = str(derive(b"rabbit", b"0123456789abcdef", 5000))
BOB = str(derive(b"cat", b"another salt of 24 octets", 4096))
BCRYPT = "$2y$05$8apEOKoixSqhMu0RCw0EIuntZfjL/chR/epk3yQLg0OsqteAznqc6"  # rabbit
SHA512 = (
    "$6$KmOdKQqahnRHWmEk$ewDP01S7CKyLWxfWHAAPaDuAhQNKO83sYOPbn9R0xV45xIDiq3K4oGhojIhsp"
    ".MT3TMxBa4LWXKyPJ.zKvMO00"  # rabbit
)


class House:
    """A password file and what was told of it."""

    def __init__(self, directory: Path, text: str) -> None:
        self.path = directory / "passwords"
        self.events: list[Event] = []
        self.worked: list[Hash] = []
        self.write(text)
        self.file = PasswordFile(str(self.path), SECRET, Told(self.events.append))
        self.passwords = FilePasswords(self.file)
        self.counted = FilePasswords(self.file, self.count)
        self.scram = FileScram(self.file)

    def write(self, text: str) -> None:
        fresh = self.path.with_name("fresh")
        fresh.write_text(text)
        fresh.chmod(0o640)
        fresh.replace(self.path)

    def count(self, password: bytes, kept: Hash) -> bool:
        self.worked.append(kept)
        return False

    def check(self, name: str, password: str) -> Success | Failure:
        return self.passwords.check(name, password, LINK)

    @property
    def told(self) -> list[str]:
        return [event.text for event in self.events]


def test_the_right_password_is_right_whatever_is_kept_of_it(tmp_path: Path) -> None:
    house = House(tmp_path, f"a:{ALICE}\nb:{BCRYPT}\nc:{SHA512}:{BOB}\r\n")
    for name in "abc":
        assert house.check(name, "rabbit") == Success(name)
        assert house.check(name, "cat") == Failure(Fault.REJECTED, "wrong name or password", name)
    assert house.told == []


def test_a_last_line_without_an_end_counts(tmp_path: Path) -> None:
    assert House(tmp_path, f"a:{BCRYPT}").check("a", "rabbit") == Success("a")


@pytest.mark.parametrize("name", ["nobody", "", "a:b", "#", "# c"])
def test_who_does_not_stand_there_is_refused_with_the_same_words(tmp_path: Path, name: str) -> None:
    house = House(tmp_path, f"# c:{BCRYPT}\na:{BCRYPT}\n")
    assert house.check(name, "rabbit") == Failure(Fault.REJECTED, "wrong name or password", name)


def test_a_locked_account_is_like_one_that_does_not_exist(tmp_path: Path) -> None:
    house = House(tmp_path, f"a:!{BCRYPT}\nb:{BCRYPT}\n")
    assert house.check("a", "rabbit") == Failure(Fault.REJECTED, "wrong name or password", "a")
    house.counted.check("a", "rabbit", LINK)
    assert house.worked == [Crypt(BCRYPT)]


def test_a_name_that_nobody_has_costs_as_much_work_as_another(tmp_path: Path) -> None:
    """Counted, not timed: one hash, of a kind that stands in the file, always the same one."""
    house = House(tmp_path, f"a:{BCRYPT}\nb:{SHA512}\n")
    kinds: set[Hash] = set()
    for name in ("a", "b", *(f"nobody{number}" for number in range(20))):
        house.worked.clear()
        house.counted.check(name, "wrong", LINK)
        house.counted.check(name, "wrong", LINK)
        assert len(house.worked) == 2
        assert house.worked[0] == house.worked[1]
        if name.startswith("nobody"):
            kinds.add(house.worked[0])
    assert kinds == {Crypt(BCRYPT), Crypt(SHA512)}


def test_a_password_with_two_spellings_costs_the_same_for_everybody(tmp_path: Path) -> None:
    house = House(tmp_path, f"a:{BCRYPT}\n")
    for name in ("a", "nobody"):
        house.worked.clear()
        house.counted.check(name, "ra\u00adbbit", LINK)
        assert len(house.worked) == 2


def test_a_verifier_costs_a_name_that_nobody_has_the_same_iterations(tmp_path: Path) -> None:
    house = House(tmp_path, f"a:{ALICE}\n")
    text = house.file.read()
    assert text
    like = house.file.like(text, "nobody").verifier
    assert like
    assert like.iterations == 5000


def test_an_empty_file_lets_nobody_in_and_is_as_much_work(tmp_path: Path) -> None:
    house = House(tmp_path, "")
    assert house.passwords.knows_passwords()
    assert isinstance(house.check("a", "rabbit"), Failure)
    assert house.scram.mechanisms(LINK) == ()


def test_the_file_counts_as_it_is_now(tmp_path: Path) -> None:
    house = House(tmp_path, f"a:{BCRYPT}\n")
    assert house.check("a", "rabbit") == Success("a")
    house.write(f"b:{BCRYPT}\n")
    assert isinstance(house.check("a", "rabbit"), Failure)
    assert house.check("b", "rabbit") == Success("b")


def test_a_mistake_in_one_line_concerns_nobody_else_and_is_told_once(tmp_path: Path) -> None:
    house = House(tmp_path, f"a:{BCRYPT}\nb:{{PLAIN}}rabbit\nc:{BCRYPT}\nc:{BCRYPT}\n\xff:x\n")
    assert house.check("a", "rabbit") == Success("a")
    for name in "bcbc":
        assert house.check(name, "rabbit") == Failure(
            Fault.REJECTED, "wrong name or password", name
        )
    first, second = house.told
    assert first.startswith(f"logins: {house.path}: b: {{PLAIN}} is nothing that may be used")
    assert second == f"logins: {house.path}: c: stands there more than once"
    assert {event.kind for event in house.events} == {Kind.LOGIN_TROUBLE}


def test_a_file_that_cannot_be_read_makes_nobody_wrong(tmp_path: Path) -> None:
    house = House(tmp_path, f"a:{ALICE}\n")
    house.path.unlink()
    answer = house.check("a", "rabbit")
    assert isinstance(answer, Failure)
    assert answer.fault is Fault.TEMPORARY
    assert not house.passwords.knows_passwords()
    assert house.scram.mechanisms(LINK) == ()
    assert house.told == [f"logins: {house.path} cannot be read: No such file or directory"]
    house.write(f"a:{ALICE}\n")
    assert house.check("a", "rabbit") == Success("a")
    assert house.told[1:] == [f"logins: {house.path} can be read again"]


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    house = House(tmp_path, "")
    house.path.unlink()
    os.mkfifo(house.path)
    assert not house.passwords.knows_passwords()
    assert house.told == [f"logins: {house.path} cannot be read: it is no file"]


def test_a_file_that_everybody_may_read_is_used_and_told_of(tmp_path: Path) -> None:
    house = House(tmp_path, f"a:{BCRYPT}\n")
    house.path.chmod(0o644)
    assert house.check("a", "rabbit") == Success("a")
    assert house.told == [f"logins: {house.path}: it may be read by everybody; want chmod 640"]


def test_a_file_that_everybody_may_write_is_not_believed(tmp_path: Path) -> None:
    house = House(tmp_path, f"a:{BCRYPT}\n")
    house.path.chmod(0o646)
    answer = house.check("a", "rabbit")
    assert isinstance(answer, Failure)
    assert answer.fault is Fault.TEMPORARY
    assert "may be written by everybody" in house.told[0]


def log_in(house: House, name: str, password: str) -> tuple[bytes, Success | Failure]:
    """What the server says of the name, and the end."""
    client = scramp.ScramClient(["SCRAM-SHA-256"], name, password)
    exchange = house.scram.begin("SCRAM-SHA-256", LINK)
    first = exchange.step(client.get_client_first().encode())
    assert isinstance(first, Challenge), first
    client.set_server_first(first.data.decode())
    last = exchange.step(client.get_client_final().encode())
    if isinstance(last, Challenge):
        client.set_server_final(last.data.decode())
        last = exchange.step(b"")
    assert not isinstance(last, Challenge)
    return first.data.partition(b",")[2], last


def test_scram_and_plain_take_the_same_password(tmp_path: Path) -> None:
    house = House(tmp_path, f"alice:{BCRYPT}:{ALICE}\n")
    assert log_in(house, "alice", "rabbit")[1] == Success("alice")
    assert house.check("alice", "rabbit") == Success("alice")


def test_scram_is_offered_as_long_as_everybody_can_use_it(tmp_path: Path) -> None:
    bound = Link(has_tls=True, binding=b"x" * 32)
    house = House(tmp_path, f"# all\n\na:{ALICE}\nb:!\nc:{BCRYPT}:{BOB}\n")
    assert house.scram.mechanisms(LINK) == ("SCRAM-SHA-256",)
    assert house.scram.mechanisms(bound) == ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256")
    assert FileScram(house.file, may_bind=False).mechanisms(bound) == ("SCRAM-SHA-256",)
    for other in (BCRYPT, f"{BCRYPT}:1000:{BOB}", f"{BCRYPT}:!"):
        house.write(f"a:{ALICE}\nc:{other}\n")
        assert house.scram.mechanisms(bound) == (), other
    house.write(f"a:{ALICE.replace('SCRAM', 'scram')}\nb:{{CRYPT}}{BCRYPT}:{BOB}:1000\n")
    assert house.scram.mechanisms(LINK) == ("SCRAM-SHA-256",)


def test_in_scram_a_name_that_nobody_has_looks_like_one_that_somebody_has(tmp_path: Path) -> None:
    house = House(tmp_path, f"alice:{ALICE}\n")
    real, wrong = log_in(house, "alice", "wrong")
    shown, unknown = log_in(house, "nobody", "rabbit")
    assert isinstance(wrong, Failure)
    assert isinstance(unknown, Failure)
    assert (wrong.fault, wrong.why) == (unknown.fault, unknown.why)
    assert len(real) == len(shown)
    assert real.rpartition(b",")[2] == shown.rpartition(b",")[2] == b"i=5000"
    assert shown == log_in(house, "nobody", "cat")[0]
    assert shown != log_in(house, "nobody2", "cat")[0]


def test_most_made_up_names_stay_as_they_are_when_an_account_is_added() -> None:
    lines = [f"user{n}:{BCRYPT if n % 2 else SHA512}\n" for n in range(100)]
    before = PasswordText("".join(lines).encode())
    after = PasswordText("".join([*lines, f"z:{BCRYPT}\n"]).encode())
    numbers = [n * 7919 for n in range(2000)]
    kept = [before.like(number) == after.like(number) for number in numbers]
    assert sum(kept) > 1900
    kinds = [before.like(number).schemes for number in numbers]
    assert 600 < kinds.count(("bcrypt",)) < 1400


def test_the_secret_of_the_host_is_made_once(tmp_path: Path) -> None:
    made = host_secret(str(tmp_path))
    assert len(made) == 32
    assert host_secret(str(tmp_path)) == made
    assert (tmp_path / "login.secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["login.secret"]


def test_half_a_secret_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "login.secret").write_bytes(b"half")
    assert len(host_secret(str(tmp_path))) == 32
