"""SCRAM-SHA-256 and -PLUS, the server's side (RFC 5802, RFC 7677)."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from functools import partial

import pytest
import scramp
from hypothesis import given
from hypothesis import strategies as st

from pymta.sasl.exchange import Challenge, Failure, Fault, Link, Step, Success
from pymta.sasl.scram import Scram
from pymta.sasl.verifier import Verifier, derive, fake

CERTIFICATE_HASH = hashlib.sha256(b"a certificate").digest()
IN_CLEAR = Link()
IN_TLS = Link(has_tls=True, binding=CERTIFICATE_HASH)
NONCE = b"3rfcNHYJY1ZVvWVs7j"
ALICE = derive(b"rabbit", b"0123456789abcdef", 4096)
SECRET = b"of this host"


def find(name: str) -> Verifier | Failure:
    return ALICE if name == "alice" else fake(name, SECRET, ALICE)


def exchange(mechanism: str = "SCRAM-SHA-256", link: Link = IN_CLEAR) -> Scram:
    return Scram(mechanism, link, find, NONCE, offers_plus=bool(link.binding))


class Client:
    """scramp's: a client that is not ours."""

    def __init__(
        self,
        name: str = "alice",
        password: str = "rabbit",
        mechanism: str = "SCRAM-SHA-256",
        binding: bytes | None = None,
    ) -> None:
        bound = ("tls-server-end-point", binding) if binding is not None else None
        self._scram = scramp.ScramClient([mechanism], name, password, channel_binding=bound)

    def log_in(self, server: Scram) -> Step:
        """Raises scramp.ScramException when it does not believe the server."""
        step = server.step(self._scram.get_client_first().encode())
        if not isinstance(step, Challenge):
            return step
        self._scram.set_server_first(step.data.decode())
        step = server.step(self._scram.get_client_final().encode())
        if not isinstance(step, Challenge):
            return step
        self._scram.set_server_final(step.data.decode())
        return server.step(b"")


def test_the_example_of_rfc_7677_is_followed_to_the_octet() -> None:
    pencil = derive(b"pencil", b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    ours = b"%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    server = Scram("SCRAM-SHA-256", IN_CLEAR, {"user": pencil}.__getitem__, ours, offers_plus=False)
    first = server.step(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
    assert first == Challenge(
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    )
    final = server.step(
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    proof = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    assert final == Challenge(proof, "user")
    assert server.step(b"") == Success("user")


def test_a_client_of_others_logs_in_and_believes_us() -> None:
    assert Client().log_in(exchange()) == Success("alice")


def test_a_client_of_others_logs_in_bound_to_the_channel() -> None:
    client = Client(mechanism="SCRAM-SHA-256-PLUS", binding=CERTIFICATE_HASH)
    assert client.log_in(exchange("SCRAM-SHA-256-PLUS", IN_TLS)) == Success("alice")


def test_a_name_with_the_characters_that_are_written_in_another_way() -> None:
    odd = derive(b"x", b"0123456789abcdef", 4096)
    server = Scram("SCRAM-SHA-256", IN_CLEAR, {"a=b,c": odd}.__getitem__, NONCE, offers_plus=False)
    assert Client("a=b,c", "x").log_in(server) == Success("a=b,c")


def test_a_wrong_password_and_a_name_that_nobody_has_are_refused_alike() -> None:
    answers = [Client("alice", "cat"), Client("nobody", "rabbit")]
    wrong, unknown = (client.log_in(exchange()) for client in answers)
    assert wrong == Failure(Fault.REJECTED, "wrong name or password", "alice")
    assert unknown == Failure(Fault.REJECTED, "wrong name or password", "nobody")


def test_somebody_between_who_has_another_certificate_is_found_out() -> None:
    other = hashlib.sha256(b"another certificate").digest()
    client = Client(mechanism="SCRAM-SHA-256-PLUS", binding=other)
    answer = client.log_in(exchange("SCRAM-SHA-256-PLUS", IN_TLS))
    assert isinstance(answer, Failure)
    assert (answer.fault, answer.name) == (Fault.REJECTED, "alice")
    assert "another channel" in answer.why


def test_a_client_that_did_not_see_plus_though_we_offered_it_is_refused() -> None:
    """RFC 5802 s6: it would be a downgrade by somebody between."""
    answer = exchange("SCRAM-SHA-256", IN_TLS).step(b"y,,n=alice,r=abc")
    assert isinstance(answer, Failure)
    assert answer.fault is Fault.REJECTED


def test_a_client_that_could_bind_is_welcome_where_there_is_nothing_to_bind_to() -> None:
    client_first = b"y,,n=alice,r=abc"
    assert isinstance(exchange("SCRAM-SHA-256", IN_CLEAR).step(client_first), Challenge)


def test_a_client_that_cannot_bind_is_welcome_though_we_offered_plus() -> None:
    assert Client().log_in(exchange("SCRAM-SHA-256", IN_TLS)) == Success("alice")


@pytest.mark.parametrize(
    ("mechanism", "flag"),
    [
        ("SCRAM-SHA-256", b"p=tls-server-end-point"),
        ("SCRAM-SHA-256-PLUS", b"n"),
        ("SCRAM-SHA-256-PLUS", b"y"),
        ("SCRAM-SHA-256-PLUS", b"p=tls-unique"),
        ("SCRAM-SHA-256-PLUS", b"p=tls-exporter"),
    ],
)
def test_the_flag_has_to_be_that_of_the_mechanism(mechanism: str, flag: bytes) -> None:
    answer = exchange(mechanism, IN_TLS).step(flag + b",,n=alice,r=abc")
    assert isinstance(answer, Failure)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"n",
        b"n,,",
        b"n,,n=alice",
        b"n,,r=abc,n=alice",
        b"x,,n=alice,r=abc",
        b"p=,,n=alice,r=abc",
        b"n,n=alice,r=abc",
        b"n,,n=,r=abc",
        b"n,,n=alice,r=",
        b"n,,n=alice,r=a\x7fb",
        b"n,,n=alice,r=a\0b",
        b"n,,n=al=ice,r=abc",
        b"n,,n=al=2cice,r=abc",
        b"n,,n=al\xffice,r=abc",
        b"n,,m=x,n=alice,r=abc",
        b"n,,n=alice,r=abc,",
        b"n,,n=alice,r=abc,xyz",
        b"n,b=bob,n=alice,r=abc",
        b"n,,n=alice,r=" + b"x" * 257,
        b"n,,n=" + b"x" * 256 + b",r=abc",
    ],
)
def test_a_first_message_that_is_none_is_malformed(message: bytes) -> None:
    answer = exchange().step(message)
    assert isinstance(answer, Failure)
    assert answer.fault is Fault.MALFORMED


def test_extensions_that_need_not_be_understood_are_left_aside() -> None:
    answer = exchange().step(b"n,,n=alice,r=abc,x=whatever,y=more")
    assert isinstance(answer, Challenge)


def test_whoever_wants_to_be_another_is_refused() -> None:
    answer = exchange().step(b"n,a=bob,n=alice,r=abc")
    assert answer == Failure(Fault.REJECTED, "nobody may act as another account", "alice")
    assert isinstance(exchange().step(b"n,a=Alice,n=alice,r=abc"), Challenge)


FINAL_NONCE = b"r=abc" + NONCE
PROOF = b"p=" + b64encode(bytes(32))


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"c=biws",
        FINAL_NONCE + b"," + PROOF,
        b"c=biws," + PROOF,
        b"c=biws," + FINAL_NONCE,
        b"c=biws," + FINAL_NONCE + b"," + PROOF + b",x=y",
        b"c=biws," + FINAL_NONCE + b",m=x," + PROOF,
        b"c=bi ws," + FINAL_NONCE + b"," + PROOF,
        b"c=biws," + FINAL_NONCE + b",p=*",
        b"c=biws," + FINAL_NONCE + b",p=\xff",
    ],
)
def test_a_final_message_that_is_none_is_malformed(message: bytes) -> None:
    server = exchange()
    server.step(b"n,,n=alice,r=abc")
    answer = server.step(message)
    assert isinstance(answer, Failure)
    assert (answer.fault, answer.name) == (Fault.MALFORMED, "alice")


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"c=biws,r=abc," + PROOF, id="our part of the nonce is missing"),
        pytest.param(b"c=biws," + FINAL_NONCE + b"x," + PROOF, id="longer nonce"),
        pytest.param(b"c=eSws," + FINAL_NONCE + b"," + PROOF, id="another flag than at first"),
        pytest.param(b"c=biws," + FINAL_NONCE + b"," + PROOF, id="wrong proof"),
        pytest.param(b"c=biws," + FINAL_NONCE + b",p=", id="empty proof"),
        pytest.param(b"c=biws," + FINAL_NONCE + b",p=AAAA", id="short proof"),
    ],
)
def test_what_does_not_fit_together_is_rejected(message: bytes) -> None:
    server = exchange()
    server.step(b"n,,n=alice,r=abc")
    answer = server.step(message)
    assert isinstance(answer, Failure)
    assert (answer.fault, answer.name) == (Fault.REJECTED, "alice")


def test_our_signature_is_answered_with_nothing_else() -> None:
    server = exchange()
    client = scramp.ScramClient(["SCRAM-SHA-256"], "alice", "rabbit")
    first = server.step(client.get_client_first().encode())
    assert isinstance(first, Challenge)
    client.set_server_first(first.data.decode())
    assert isinstance(server.step(client.get_client_final().encode()), Challenge)
    answer = server.step(b"more")
    assert isinstance(answer, Failure)


def test_when_nobody_can_be_asked_that_is_what_the_client_hears() -> None:
    down = Failure(Fault.TEMPORARY, "gone", "alice")
    server = Scram("SCRAM-SHA-256", IN_CLEAR, lambda name: down, NONCE, offers_plus=False)
    assert server.step(b"n,,n=alice,r=abc") == down


def test_without_an_initial_response_the_server_begins_with_nothing() -> None:
    server = exchange()
    assert server.step(None) == Challenge(b"")
    assert Client().log_in(server) == Success("alice")


_first_parts = st.sampled_from([b"n,,", b"y,,", b"p=tls-server-end-point,,", b"n,a=alice,", b""])
_any_part = st.one_of(st.binary(max_size=40), st.sampled_from([b"n=alice,r=abc", b"n=alice"]))
_final_parts = st.lists(
    st.one_of(
        st.sampled_from([b"c=biws", FINAL_NONCE, PROOF, b"m=x", b"x=y", b"c=", b"p=AAAA"]),
        st.binary(max_size=20),
    ),
    max_size=5,
)


@given(_first_parts, _any_part, _final_parts)
def test_nothing_but_the_right_proof_ever_leads_to_success(
    front: bytes, rest: bytes, final: list[bytes]
) -> None:
    for make in (exchange, partial(exchange, "SCRAM-SHA-256-PLUS", IN_TLS)):
        server = make()
        steps = [server.step(m) for m in (front + rest, b",".join(final), b"")]
        assert not any(isinstance(step, Success) for step in steps)
        assert all(isinstance(step, Challenge | Failure) for step in steps)
