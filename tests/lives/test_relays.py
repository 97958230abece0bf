"""Postfix, Exim and OpenSMTPD hand mail on to us, over TLS that they must find good; and curl."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.doubles import certificates, relays
from tests.doubles.certificates import Certificate
from tests.doubles.daemon import DEADLINE, HOSTNAME, Daemon, daemon

ROLES = {"STARTTLS": "smtp", "TLS on connect": "peers-tls"}
TAKEN = {
    "postfix": r"Verified TLS connection established to mx\.pymta\.test.*status=sent \(250 ",
    "exim": r" => user@localhost .*X=TLS1\.3:\S+ CV=yes .*C=\"250 ",
    "opensmtpd": r'server-cert-check result="success".*result="Ok" stat="250 ',
}
pytestmark = pytest.mark.root


@pytest.fixture(scope="module", params=ROLES)
def made(request: pytest.FixtureRequest, certificate: Certificate) -> Iterator[Daemon]:
    with daemon(ROLES[request.param], log_selector=["+tls_sni"], **certificate.settings) as found:
        yield found


def tls_on_connect(made: Daemon) -> bool:
    return made.socket_name != "smtp"


@pytest.mark.parametrize("name", relays.NAMES)
def test_another_server_finds_our_certificate_good(
    name: str, made: Daemon, certificate: Certificate, tmp_path: Path
) -> None:
    """RFC 3207, RFC 8314: they use OpenSSL, GnuTLS and libtls."""
    done = relays.relay(
        *(name, "user@localhost", made.port, certificate, tmp_path),
        tls_on_connect=tls_on_connect(made),
    )
    assert re.search(TAKEN[name], done.log, re.DOTALL), done.log
    (arrival,) = made.wait_for_log(rf"<= someone@peer\.test H=\({name}\.test\) .* P=esmtps ")
    assert (" P=esmtps K " in arrival) == (name == "exim"), "Exim sends with BDAT"
    assert " X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no " in arrival
    (message,) = [mail for mail in made.wait_for_mail("user") if f"by {name}".encode() in mail]
    assert b" with ESMTPS\n\t(TLS1.3) tls TLS_AES_256_GCM_SHA384\n" in message


def test_postfix_passes_on_letters_and_wishes(certificate: Certificate, tmp_path: Path) -> None:
    """RFC 6531, RFC 3461: what it says of the envelope is kept, and its sender is told."""
    settings: dict[str, Any] = {
        "local_parts": ["jörg", "someone"],
        "local_domains": ["@", "peer.test"],
    }
    with daemon(**certificate.settings, **settings) as made:
        done = relays.relay(
            *("postfix", f"jörg@{HOSTNAME}", made.port, certificate, tmp_path),
            tls_on_connect=False,
            options="-N success,delay -V envelope+1 -R hdrs",
        )
        assert "status=sent (250 " in done.log, done.log
        made.wait_for_log(r"<= someone@peer\.test .* P=utf8esmtps ")
        (message,) = made.wait_for_mail("jörg")
        assert b" with UTF8SMTPS\n" in message
        (report,) = made.wait_for_mail("someone")
    text = report.decode()
    assert "\nOriginal-Envelope-Id: envelope+1\n" in text
    assert f"\nFinal-Recipient: utf-8; j\\x{{F6}}rg@{HOSTNAME}\nAction: delivered\n" in text
    assert re.search(r"\nOriginal-Recipient: \S+ \S*rg@mx\.pymta\.test\n", text), text


def test_who_expects_another_certificate_sends_nothing(
    certificate: Certificate, tmp_path: Path
) -> None:
    """Their check is one that can fail."""
    other = certificates.make(tmp_path / "other")
    with daemon(**certificate.settings) as made:
        done = relays.relay(
            *("postfix", "user@localhost", made.port, other, tmp_path / "work"),
            tls_on_connect=False,
        )
        assert "status=deferred (Server certificate not verified)" in done.log, done.log
        made.wait_for_idle()
        assert not list(made.state.glob("mail/*/new/*"))


def test_curl_sends_a_message(made: Daemon, certificate: Certificate, tmp_path: Path) -> None:
    text = tmp_path / "message"
    text.write_text("Subject: by curl\r\n\r\nhello\r\n")
    scheme = "smtps" if tls_on_connect(made) else "smtp"
    done = subprocess.run(
        [
            *("curl", "--silent", "--show-error", "--ssl-reqd", "--cacert", certificate.file),
            *("--resolve", f"mx.pymta.test:{made.port}:127.0.0.1"),
            *("--mail-from", "curl@client.test", "--mail-rcpt", "bob@localhost"),
            *("--upload-file", text, f"{scheme}://mx.pymta.test:{made.port}/client.test"),
        ],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (arrival,) = made.wait_for_log("<= curl@client.test ")
    assert " P=esmtps " in arrival
    assert " SNI=mx.pymta.test " in arrival
