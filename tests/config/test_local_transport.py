"""Where mail for our own mailboxes goes, in settings files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymta.config.document import as_toml
from pymta.config.generation import from_plain, to_plain
from pymta.config.local_transport import LmtpHost, lmtp_server, transport_of
from pymta.mail.caller import LocalSocket
from tests.config.test_read import complaints, read


@pytest.mark.parametrize(
    ("text", "domain", "way"),
    [
        ('"maildir"', "example.org", "maildir"),
        ('"lmtp:unix:/run/dovecot/lmtp"', "example.org", "lmtp:unix:/run/dovecot/lmtp"),
        ('{ "Example.ORG" = "lmtp:store" }', "example.org", "lmtp:store"),
        ('{ "bücher.test" = "lmtp:store" }', "xn--bcher-kva.test", "lmtp:store"),
        ('{ "example.org" = "lmtp:store" }', "example.net", "maildir"),
        ('{ "example.org" = "maildir", "*" = "lmtp:store" }', "example.net", "lmtp:store"),
    ],
)
def test_a_domain_has_its_way_or_that_of_all(
    tmp_path: Path, text: str, domain: str, way: str
) -> None:
    file = tmp_path / "pymta.toml"
    file.write_text(f"local_transport = {text}\n")
    settings = read(file)
    assert transport_of(settings.routing.local_transport, domain) == way
    again = from_plain(to_plain(settings))
    assert again.routing.local_transport == settings.routing.local_transport
    assert "local_transport = " in as_toml(settings)


@pytest.mark.parametrize(
    ("way", "server"),
    [
        ("maildir", None),
        ("lmtp:unix:/run/dovecot/lmtp", LocalSocket("/run/dovecot/lmtp")),
        ("lmtp:store.example.org", LmtpHost("store.example.org", 24)),
        ("lmtp:localhost:2400", LmtpHost("localhost", 2400)),
        ("lmtp:[2001:db8::1]:2400", LmtpHost("2001:db8::1", 2400)),
    ],
)
def test_an_lmtp_server_is_a_socket_or_a_host(way: str, server: object) -> None:
    assert lmtp_server(way) == server


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('"mailbox"', 'want "maildir"'),
        ('"lmtp"', 'want "maildir"'),
        ('"lmtp:"', "want a host"),
        ('"lmtp:unix:"', 'want "maildir"'),
        ('"lmtp:unix:dovecot"', "want an absolute path"),
        ('"lmtp:store:0"', "want a port"),
        ("24", 'want "maildir"'),
        ('{ "example.org" = 24 }', 'in "example.org": want "maildir"'),
        ('{ "no domain" = "maildir" }', "want a domain"),
    ],
)
def test_what_is_no_way_is_refused_with_what_would_be_right(
    tmp_path: Path, text: str, wanted: str
) -> None:
    (complaint,) = complaints(f"local_transport = {text}\n", tmp_path)
    assert "local_transport" in complaint
    assert wanted in complaint
