"""Registered names of ciphers."""

from __future__ import annotations

import ssl
import subprocess

import pytest

from pymta.tls.cipher_name import standard_name
from pymta.tls.facts import Facts


def test_every_cipher_that_we_speak_gets_its_registered_name() -> None:
    """Against OpenSSL's own table, which Python does not show.  How many ciphers a Python speaks is
    up to who built it: that of Debian takes all that OpenSSL does.
    """
    table = subprocess.run(
        ["openssl", "ciphers", "-stdname", "ALL"], capture_output=True, text=True, check=True
    ).stdout
    registered = {words[2]: words[0] for words in map(str.split, table.splitlines())}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT")
    ours = [cipher["name"] for cipher in context.get_ciphers()]

    assert {"AES128-SHA", "ECDHE-RSA-AES256-GCM-SHA384"} <= set(ours)
    assert {name: standard_name(name) for name in ours} == {name: registered[name] for name in ours}


@pytest.mark.parametrize("name", ["", "NULL", "AES256-SHA;x", "GOST2012-GOST8912-GOST8912"])
def test_a_name_of_another_kind_stays_as_it_is(name: str) -> None:
    assert standard_name(name) == name


def test_facts_are_written_as_the_classic_daemon_does() -> None:
    facts = Facts("TLS1.2", "ECDHE-RSA-AES256-GCM-SHA384", 256)

    assert facts.text == "TLS1.2:ECDHE-RSA-AES256-GCM-SHA384:256"
    assert facts.clause == "(TLS1.2) tls TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
