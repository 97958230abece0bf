"""Logins under systemd: password file and the system's library of hashes, inside the sandbox."""

from __future__ import annotations

import pytest

from tests.doubles.box import Box
from tests.doubles.certificates import Certificate
from tests.systemd import mta
from tests.systemd.test_tls import BY_CREDENTIAL, TLS, lay_down
from tests.systemd.trees import ON_BOTH

pytestmark = pytest.mark.root

PASSWORDS = "/etc/pymta/passwords"
PASSWORD = "a long rabbit"
SASLAUTHD = "/run/saslauthd/mux"
# What it is sent for alice: four texts, each behind a count of two octets.
ASKED = len(f"..alice..{PASSWORD}..smtp..")
IN_ITS_PLACE = f"""\
[Unit]
CollectMode=inactive-or-failed
[Service]
StandardInput=socket
ExecStart=/bin/sh -c 'head -c {ASKED} >/run/asked; printf "\\\\000\\\\002OK"'
"""


def serve(box: Box, certificate: Certificate, settings: str) -> None:
    """Port 465 beside port 25."""
    lay_down(box, certificate)
    mta.settings(box, BY_CREDENTIAL + settings)
    box.run("systemctl", "enable", "pymta-submissions.socket")
    box.run("systemctl", "start", "pymta.service")


def add(box: Box, name: str, *words: str) -> None:
    box.run("pymta", "user", *words, "add", name, "--iterations", "4096", stdin=f"{PASSWORD}\n")


def log_in(box: Box, name: str) -> str:
    """What swaks hears."""
    login = ("--auth", "PLAIN", "--auth-user", name, "--auth-password", PASSWORD)
    call = ("--server", "127.0.0.1:465", "--tls-on-connect", "--quit-after", "AUTH")
    return box.run("swaks", "--timeout", "20", *call, *login, check=False).stdout


@ON_BOTH
def test_who_was_added_a_moment_ago_can_log_in_and_who_was_removed_cannot(
    box: Box, certificate: Certificate
) -> None:
    """The file belongs to root, and the daemon may read it; nothing is reloaded."""
    mta.settings(box, f'auth_password_file = "{PASSWORDS}"\n')
    add(box, "alice@example.org")
    assert box.says("stat", "-c", "%U:%G %a", PASSWORDS) == "root:pymta 640"
    serve(box, certificate, f'auth_password_file = "{PASSWORDS}"\nauth_failure_delay = 0\n')
    assert "235 2.7.0" in log_in(box, "alice@example.org")

    box.run(
        *("pymta", "user", "add", "bob@example.org", "--scheme", "yescrypt", "--cost", "1"),
        stdin=f"{PASSWORD}\n",
    )
    assert "235 2.7.0" in log_in(box, "bob@example.org")

    box.run("pymta", "user", "remove", "alice@example.org")
    assert "535 5.7.8" in log_in(box, "alice@example.org")
    assert box.says("stat", "-c", "%U:%G %a", PASSWORDS) == "root:pymta 640"
    assert box.says("stat", "-c", "%U %a", "/var/lib/pymta/login.secret") == "pymta 600"
    journal = box.says("journalctl", "--no-pager", "-u", "pymta", "-o", "cat")
    assert "logins:" not in journal
    assert PASSWORD not in journal


def test_the_file_may_be_a_credential_that_only_root_can_read(
    box: Box, certificate: Certificate
) -> None:
    add(box, "alice@example.org", "--file", f"{TLS}/passwords")
    serve(
        box,
        certificate,
        'auth_password_file = "credential:tls_passwords"\nauth_failure_delay = 0\n',
    )
    assert "235 2.7.0" in log_in(box, "alice@example.org")
    assert "535 5.7.8" in log_in(box, "nobody@example.org")
    journal = box.says("journalctl", "--no-pager", "-u", "pymta", "-o", "cat")
    assert "logins:" not in journal


@ON_BOTH
def test_the_sandbox_lets_through_to_a_socket_that_is_for_a_group(
    box: Box, certificate: Certificate
) -> None:
    """As Debian has saslauthd's, in whose place another program stands; it has tests of its own."""
    box.write("/etc/sysusers.d/sasl.conf", "g sasl -\nm pymta sasl\n")
    box.run("systemd-sysusers", "sasl.conf")
    box.run("install", "-d", "-m", "710", "-g", "sasl", "/run/saslauthd")
    box.write("/etc/systemd/system/asked@.service", IN_ITS_PLACE)
    box.write(
        "/etc/systemd/system/asked.socket",
        f"[Socket]\nListenStream={SASLAUTHD}\nAccept=yes\nSocketMode=0777\n",
    )
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "start", "asked.socket")
    domains = 'auth_saslauthd_domains = ["example.org"]\n'
    serve(box, certificate, f'auth_saslauthd_socket = "{SASLAUTHD}"\n{domains}')

    assert "235 2.7.0" in log_in(box, "alice@example.org")
    assert "alice" in box.says("cat", "/run/asked")
