"""What lines about connections and mail say of TLS."""

from __future__ import annotations

from dataclasses import replace

from pymta.journal.session_events import Origin, command_timeout, tls_failed, tls_mark
from pymta.tls.facts import Facts

FACTS = Facts("TLS1.3", "TLS_AES_256_GCM_SHA384", 256)


def test_the_mark_is_chosen_by_selectors() -> None:
    """N-39: tls_cipher, tls_resumption"""
    resumed = replace(FACTS, is_resumed=True)
    both = frozenset({"tls_cipher", "tls_resumption"})

    assert tls_mark(FACTS, both) == " X=TLS1.3:TLS_AES_256_GCM_SHA384:256"
    assert tls_mark(resumed, both) == " X=TLS1.3:TLS_AES_256_GCM_SHA384:256*"
    assert tls_mark(resumed, frozenset({"tls_cipher"})) == tls_mark(FACTS, both)
    assert tls_mark(FACTS, frozenset({"tls_resumption"})) == ""
    assert tls_mark(None, both) == ""


def test_fields_tell_it_whatever_the_selectors() -> None:
    plain = Origin("192.0.2.7", 40112)

    assert replace(plain, tls=FACTS).fields["TLS"] == "TLS1.3:TLS_AES_256_GCM_SHA384:256"
    assert "TLS" not in plain.fields


def test_a_time_out_says_of_what_connection() -> None:
    """SS-06"""
    plain = Origin("192.0.2.7", 40112)

    assert command_timeout(plain, 300).text == (
        "SMTP command timeout on connection from [192.0.2.7] D=5m"
    )
    assert command_timeout(replace(plain, tls=FACTS), 300).text == (
        "SMTP command timeout on TLS connection from [192.0.2.7] D=5m"
    )


def test_a_handshake_that_fails_has_the_classic_line() -> None:
    assert tls_failed(Origin("192.0.2.7", 40112), "http request").text == (
        "TLS error on connection from [192.0.2.7] (SSL_accept): http request"
    )
