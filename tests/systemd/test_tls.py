"""Port 465 under systemd: a socket by its name, and a key that only root may read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doubles import certificates
from tests.doubles.box import Box
from tests.doubles.certificates import Certificate
from tests.systemd import mta
from tests.systemd.trees import ON_257, ON_BOTH

pytestmark = [pytest.mark.root, ON_257]

TLS = "/etc/pymta/tls"
BY_CREDENTIAL = (
    'tls_certificate = "credential:tls_fullchain.pem"\n'
    'tls_privatekey = "credential:tls_privkey.pem"\n'
)


def lay_down(box: Box, certificate: Certificate) -> None:
    """As root keeps them: for nobody else to read."""
    box.write(f"{TLS}/fullchain.pem", certificate.file.read_text())
    box.write(f"{TLS}/privkey.pem", certificate.key.read_text())
    box.run("chmod", "-R", "go=", TLS)


@pytest.fixture
def serving(box: Box, certificate: Certificate) -> Box:
    """Port 465 beside port 25, as the manual says."""
    lay_down(box, certificate)
    mta.settings(box, BY_CREDENTIAL)
    box.run("systemctl", "start", "pymta.service")
    box.run("systemctl", "enable", "pymta-submissions.socket")
    box.run("systemctl", "restart", "pymta.service")
    return box


def shown(box: Box, port: int = 465, *words: str) -> str:
    """The certificate that a caller sees, in PEM form; `words` are for `openssl s_client`."""
    call = ("openssl", "s_client", "-connect", f"127.0.0.1:{port}", *words)
    said = box.run(*call, stdin="QUIT\n").stdout
    head, tail = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return head + said.partition(head)[2].partition(tail)[0] + tail + "\n"


@ON_BOTH
def test_a_socket_by_its_name_and_a_key_of_root_alone(
    serving: Box, certificate: Certificate
) -> None:
    """PT-05, N-23, section 3.3"""
    listeners = "SMTP on port 25 (IPv6 with IPv4) and for SMTPS on port 465 (IPv6 with IPv4)"
    assert f"listening for {listeners}; " in mta.shows(serving, "StatusText")
    assert shown(serving) == certificate.file.read_text()
    message = mta.send(serving, "--tls")  # on 465 users must log in
    mta.wait_for_mail(serving)
    query = ("--no-pager", "-o", "cat", "--output-fields=PYMTA_TLS", f"PYMTA_QUEUE_ID={message}")
    assert "TLS1.3:TLS_AES_256_GCM_SHA384:256" in serving.says("journalctl", *query)


def test_a_renewed_certificate_costs_no_connection(serving: Box, tmp_path: Path) -> None:
    """Check 24, N-23: systemd reads credentials at a start, so a reload would not do."""
    renewed = certificates.make(tmp_path)
    loops = mta.Loop(serving), mta.Loop(serving, "tls")
    lay_down(serving, renewed)
    serving.run("systemctl", "try-restart", "pymta")
    assert shown(serving) == renewed.file.read_text()
    for loop in loops:
        results = loop.end()
        assert set(results) <= {"served", "cut short"}, results


def test_a_reload_without_a_certificate_is_refused(serving: Box, certificate: Certificate) -> None:
    """HU-06"""
    mta.settings(serving, 'smtp_banner = "second ESMTP"\n')
    assert serving.run("systemctl", "reload", "pymta", check=False).returncode != 0
    serving.run("journalctl", "--sync")
    told = serving.says("journalctl", "--no-pager", "-u", "pymta", "-o", "cat")
    assert "reload refused" in told
    assert "TLS begins at once on port 465: want a certificate" in told
    assert shown(serving) == certificate.file.read_text()


def test_a_key_that_the_daemon_may_not_read_is_named(serving: Box) -> None:
    """N-23: before anything has begun."""
    mta.settings(serving, f'tls_certificate = "{TLS}/fullchain.pem"\n')
    serving.run("systemctl", "restart", "pymta", check=False)
    told = serving.says("journalctl", "--no-pager", "-u", "pymta", "-o", "cat")
    uid = serving.says("id", "-u", "pymta")
    assert (
        f'pymta.toml:1: tls_certificate: found "{TLS}/fullchain.pem"; cannot be read by'
        f" uid {uid}: Permission denied"
    ) in told


def test_without_tls_nobody_misses_the_directory_of_keys(box: Box) -> None:
    box.run("systemctl", "start", "pymta.service")
    box.run("rmdir", TLS)
    box.run("systemctl", "restart", "pymta.service")
    assert mta.greeting(box).startswith("220 ")


@ON_BOTH
def test_a_start_that_misses_the_directory_of_keys_names_it(serving: Box) -> None:
    """Check 24"""
    serving.run("mv", TLS, f"{TLS}.old")
    assert serving.run("systemctl", "restart", "pymta", check=False).returncode != 0
    told = serving.says("journalctl", "--no-pager", "-u", "pymta", "-o", "cat")
    wanted = 'pymta.toml:1: tls_certificate: found "credential:tls_fullchain.pem"'
    handed = "systemd handed over no such credential"
    assert f"{wanted}; {handed}; there is no directory {TLS}" in told

    serving.run("mkdir", "-m", "700", TLS)
    assert serving.run("systemctl", "restart", "pymta", check=False).returncode != 0
    told = serving.says("journalctl", "--no-pager", "-u", "pymta", "-o", "cat")
    assert f"{handed}; {TLS}/fullchain.pem was not there when the unit started" in told
    serving.run("rmdir", TLS)

    serving.run("mv", f"{TLS}.old", TLS)
    serving.run("systemctl", "restart", "pymta")
    assert mta.greeting(serving).startswith("220 ")
