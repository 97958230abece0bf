"""Logins that fail, over many connections: who is shut out, what is closed, and who is not."""

from __future__ import annotations

from base64 import b64decode

import pytest
import scramp

from pymta.config.login import Login
from pymta.mail.caller import plain_address
from pymta.sasl.exchange import Link
from pymta.sasl.plain import Passwords
from pymta.sasl.scram import NAME, Scram
from pymta.sasl.verifier import derive
from pymta.session.guesses import KNOWN_FOR, Guesses, place
from tests.doubles.clients import MemoryClients
from tests.doubles.house import HOST, Guest, House, usual_settings
from tests.doubles.logins import MemoryAccounts, accounts, plain, word

WRONG = "535 5.7.8 Incorrect authentication data"
CLOSED = "454 4.7.0 Temporary authentication failure"
DONE = "235 2.7.0 Authentication succeeded"


def house_of(**settings: object) -> House:
    usual = {"auth_without_tls_hosts": ("*",), "auth_failure_delay": 0, "auth_failures_max": 0}
    return House(usual_settings(**usual | settings), back_end=accounts())


class Scrammed:
    """A back end that has SCRAM for alice."""

    def mechanisms(self, link: Link) -> tuple[str, ...]:
        return (NAME,)

    def begin(self, mechanism: str, link: Link) -> Scram:
        alice = derive(b"wonder land", b"0123456789abcdef", 4096)
        return Scram(mechanism, link, lambda _: alice, b"ours", offers_plus=False)


def log_in(guest: Guest, name: str = "alice", password: str = "wonder land") -> str:
    return guest.ask(f"AUTH PLAIN {plain(name, password)}")[0]


def greeted(guest: Guest) -> Guest:
    guest.hear()
    guest.ask("EHLO client.example")
    return guest


def test_an_address_that_fails_too_often_is_not_asked_again() -> None:
    """However many connections it opens, and whoever it wants to be, until time has passed."""
    house = house_of(auth_failures_per_address=3, auth_failures_per_account=0)
    for name in ("alice", "nobody", "somebody"):
        with house.call() as guest:
            assert log_in(greeted(guest), name, "x") == WRONG
    told = len(house.log.events)
    with house.call() as guest:
        assert log_in(greeted(guest)) == (
            f"421 4.7.0 {HOST}: Too many authentication failures; please try again later"
        )
        assert guest.hear_all() == ""
    with house.call("192.0.2.8") as guest:
        assert log_in(greeted(guest)) == DONE
    house.clients.now += 2 * 3600
    with house.call() as guest:
        assert log_in(greeted(guest)) == DONE
    (line,) = house.log.texts()[told:]
    assert line == (
        "SMTP call from (client.example) [192.0.2.7] dropped:"
        " too many authentication failures from its address"
    )


def test_an_account_that_is_guessed_at_from_everywhere_is_closed_but_not_for_its_owner() -> None:
    house = house_of(auth_failures_per_address=0, auth_failures_per_account=3)
    with house.call("203.0.113.5") as guest:
        assert log_in(greeted(guest)) == DONE
    for number in range(3):
        with house.call(f"192.0.2.{number}") as guest:
            assert log_in(greeted(guest), password=str(number)) == WRONG

    with house.call("192.0.2.9") as guest:
        greeted(guest)
        assert [log_in(guest, password=word) for word in ("x", "wonder land")] == [CLOSED, CLOSED]
        assert log_in(guest, "nobody", "x") == WRONG
    with house.call("203.0.113.5") as guest:
        assert log_in(greeted(guest)) == DONE
    house.clients.now += 2 * 3600
    with house.call("192.0.2.9") as guest:
        assert log_in(greeted(guest)) == DONE


def test_a_closed_account_tells_nobody_whether_he_was_right() -> None:
    """Same reply, same delay, same count, for the right password and for another one."""
    house = house_of(auth_failures_per_account=1, auth_failures_max=3, auth_failures_per_address=9)
    with house.call("192.0.2.1") as guest:
        log_in(greeted(guest), password="x")
    heard = []
    for address, password in (("192.0.2.2", "x"), ("192.0.2.3", "wonder land")):
        with house.call(address) as guest:
            greeted(guest)
            heard.append([log_in(guest, password=password) for _ in range(3)] + [guest.hear_all()])
    assert heard[0] == heard[1]
    assert heard[0][1] == CLOSED
    assert heard[0][2].startswith("454-")
    levels = [house.clients.level(f"auth:from:192.0.2.{n}/32", 3600) for n in (2, 3)]
    assert levels == [3, 3]


def test_nobody_guesses_while_one_of_two_who_know_cannot_be_asked() -> None:
    """The reply puts off, since the other may know him; it is slow, and counts, all the same."""
    house = house_of(auth_failures_per_account=3, auth_failures_per_address=2)
    house.back_end = Passwords([MemoryAccounts(), MemoryAccounts(is_away=True)])
    with house.call() as guest:
        assert [log_in(greeted(guest), password="x"), log_in(guest, password="x")] == [CLOSED] * 2
    with house.call("203.0.113.5") as guest:
        assert log_in(greeted(guest), password="x") == CLOSED
        assert log_in(guest) == CLOSED  # and the password is right
    house = house_of(auth_failures_max=1)
    house.back_end = Passwords([MemoryAccounts(), MemoryAccounts(is_away=True)])
    with house.call() as guest:
        assert log_in(greeted(guest), password="x").endswith(" Too many authentication failures")
    assert house.clients.level("auth:from:192.0.2.7/32", 3600) in {0, None}


@pytest.mark.parametrize("password", ["wonder land", "x"])
def test_no_mechanism_says_of_a_closed_account_that_he_was_right(password: str) -> None:
    """SCRAM proves that we know the password, too; that proof would tell."""
    house = house_of(auth_failures_per_account=1)
    with house.call("192.0.2.1") as guest:
        log_in(greeted(guest), password="x")
    house.back_end = Scrammed()
    with house.call("192.0.2.2") as guest:
        client = scramp.ScramClient(["SCRAM-SHA-256"], "alice", password)
        first = greeted(guest).ask(f"AUTH SCRAM-SHA-256 {word(client.get_client_first())}")[0]
        client.set_server_first(b64decode(first.removeprefix("334 ")).decode())
        assert guest.ask(word(client.get_client_final())) == [CLOSED]
        assert guest.ask("NOOP") == ["250 2.0.0 OK"]


def test_the_log_says_that_an_account_is_closed() -> None:
    house = house_of(auth_failures_per_account=1)
    with house.call() as guest:
        log_in(greeted(guest), password="x")
        log_in(guest)
    assert house.log.texts()[-1] == (
        "PLAIN authenticator failed for (client.example) [192.0.2.7]:"
        " 454 Temporary authentication failure (set_id=alice): too many failures of this account"
    )


def test_a_store_that_can_tell_nothing_shuts_nobody_out() -> None:
    house = house_of(auth_failures_per_address=1, auth_failures_per_account=1)
    house.clients.is_gone = True
    with house.call() as guest:
        greeted(guest)
        assert [log_in(guest, password="x") for _ in range(3)] == [WRONG] * 3
        assert log_in(guest) == DONE


def test_without_limits_nothing_is_kept() -> None:
    clients = MemoryClients()
    settings = Login(auth_failures_per_address=0, auth_failures_per_account=0)
    guesses = Guesses(settings, clients, plain_address("192.0.2.7"))

    assert guesses.failed("alice", is_closed=False) == 0
    guesses.succeeded("alice")

    assert not clients.windows
    assert not guesses.is_shut_out
    assert not guesses.is_closed("alice")


def test_failures_elsewhere_lengthen_the_delay_here() -> None:
    clients = MemoryClients()
    for _ in range(3):
        Guesses(Login(), clients, plain_address("192.0.2.7")).failed("a", is_closed=False)

    assert Guesses(Login(), clients, plain_address("192.0.2.7")).failed("b", is_closed=False) == 4


def test_a_home_is_forgotten_after_a_while() -> None:
    clients = MemoryClients()
    settings = Login(auth_failures_per_account=1)
    home = Guesses(settings, clients, plain_address("192.0.2.7"))
    home.succeeded("alice")
    clients.now += 2.1 * KNOWN_FOR
    home.failed("alice", is_closed=False)

    assert home.is_closed("alice")
    assert not home.is_closed("")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
    ],
)
def test_a_place_is_what_one_guesser_has(address: str, expected: str) -> None:
    assert place(plain_address(address)) == expected


def test_a_user_of_this_machine_is_a_place_too() -> None:
    assert place(None) == "here"
