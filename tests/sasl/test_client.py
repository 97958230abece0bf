"""Our own logins at other servers, against servers of ours and the examples of the standards."""

from __future__ import annotations

import hashlib
from base64 import b64decode

import pytest

from pymta.sasl.client import ClientLogin
from pymta.sasl.exchange import Challenge, Failure, Link, Step, Success
from pymta.sasl.plain import Passwords
from pymta.sasl.scram import Scram
from pymta.sasl.verifier import derive

HASH = hashlib.sha256(b"a certificate").digest()
ALICE = derive(b"rabbit", b"0123456789abcdef", 4096)
BOTH = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256")


def login(
    name: str = "alice",
    password: str = "rabbit",
    *,
    binding: bytes = HASH,
    mechanisms: tuple[str, ...] = (),
    in_clear: bool = False,
) -> ClientLogin:
    return ClientLogin(
        name,
        password,
        nonce=b"rOprNGfwEbeRWgbNEkqO",
        binding=lambda: binding,
        mechanisms=mechanisms,
        may_go_in_clear=in_clear,
    )


def scram(client: ClientLogin, offered: tuple[str, ...], link: Link) -> Step:
    """With a server of ours; what it offered may be changed on the way."""
    begun = client.begin(offered, is_secure=True)
    assert isinstance(begun, tuple)
    mechanism, response = begun
    server = Scram(mechanism, link, lambda _: ALICE, b"OURS", offers_plus=bool(link.binding))
    step = server.step(response)
    while isinstance(step, Challenge):
        answer = client.answer(step.data)
        if answer is None:
            return step
        step = server.step(answer)
    return step


@pytest.mark.parametrize("offered", [BOTH, BOTH[1:]])
def test_scram_proves_the_password_both_ways(offered: tuple[str, ...]) -> None:
    client = login()
    link = Link(has_tls=True, binding=HASH if offered is BOTH else b"")
    assert scram(client, offered, link) == Success("alice")
    assert client.doubt() == ""


def test_the_example_of_rfc_7677_is_followed_to_the_octet() -> None:
    client = login("user", "pencil", binding=b"")
    assert client.begin(BOTH, is_secure=True) == (
        "SCRAM-SHA-256",
        b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    )
    first = (
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    )
    assert client.answer(first) == (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    assert client.doubt()
    assert client.answer(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") == b""
    assert client.doubt() == ""


def test_somebody_between_who_has_another_certificate_is_found_out() -> None:
    found = scram(login(), BOTH, Link(has_tls=True, binding=hashlib.sha256(b"theirs").digest()))
    assert isinstance(found, Failure)


def test_somebody_who_takes_plus_out_of_the_offers_is_found_out() -> None:
    """RFC 5802 s6"""
    found = scram(login(), BOTH[1:], Link(has_tls=True, binding=HASH))
    assert isinstance(found, Failure)


@pytest.mark.parametrize(
    "first",
    [
        b"r=rOprNGfwEbeRWgbNEkqO,s=MDEy,i=4096",
        b"r=other,s=MDEy,i=4096",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=MDEy,i=1",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=MDEy,i=9999999999",
        b"r=rOprNGfwEbeRWgbNEkqOx,s=M,i=4096",
        b"e=other-error",
        b"",
    ],
)
def test_a_server_that_plays_tricks_gets_no_proof(first: bytes) -> None:
    client = login()
    client.begin(BOTH, is_secure=True)
    assert client.answer(first) is None


def test_a_server_without_the_password_is_not_believed() -> None:
    client = login()
    client.begin(BOTH, is_secure=True)
    client.answer(b"r=rOprNGfwEbeRWgbNEkqOx,s=MDEy,i=4096")
    assert client.answer(b"v=AAAA") is None
    assert client.doubt()


def test_plain_says_all_at_once_and_login_what_it_is_asked() -> None:
    assert login().begin(("PLAIN",), is_secure=True) == ("PLAIN", b"\0alice\0rabbit")
    client = login()
    assert client.begin(("LOGIN",), is_secure=True) == ("LOGIN", None)
    assert [client.answer(b"Username:"), client.answer(b"Password:")] == [b"alice", b"rabbit"]
    assert client.answer(b"what else?") is None


def test_a_server_of_ours_takes_both() -> None:
    class Source:
        def knows_passwords(self) -> bool:
            return True

        def check(self, name: str, password: str, link: Link) -> Success | Failure:
            assert (name, password) == ("alice", "r\u00e4bbit")
            return Success(name)

    for mechanism in ("PLAIN", "LOGIN"):
        client = login(password="r\u00e4bbit")
        begun = client.begin((mechanism,), is_secure=True)
        assert isinstance(begun, tuple)
        exchange = Passwords([Source()]).begin(mechanism, Link(has_tls=True))
        step = exchange.step(begun[1])
        while isinstance(step, Challenge):
            step = exchange.step(client.answer(step.data))
        assert step == Success("alice")


def test_external_is_taken_only_where_it_is_named() -> None:
    assert isinstance(login().begin(("EXTERNAL",), is_secure=True), str)
    found = login(mechanisms=("EXTERNAL",)).begin(("PLAIN", "EXTERNAL"), is_secure=True)
    assert found == ("EXTERNAL", b"")


def test_no_password_goes_in_clear_unless_a_setting_says_so() -> None:
    assert "not encrypted" in str(login().begin(("PLAIN",), is_secure=False))
    assert isinstance(login(in_clear=True).begin(("PLAIN",), is_secure=False), tuple)


def test_a_server_that_offers_nothing_of_ours_is_told_of() -> None:
    assert "offers none" in str(login().begin((), is_secure=True))
    assert "CRAM-MD5" in str(login().begin(("CRAM-MD5",), is_secure=True))


def test_a_name_with_the_characters_that_scram_keeps_for_itself() -> None:
    begun = login("a,b=c", binding=b"").begin(BOTH, is_secure=True)
    assert begun[1] == b"n,,n=a=2Cb=3Dc,r=rOprNGfwEbeRWgbNEkqO"
    assert b64decode("biws") == b"n,,"
