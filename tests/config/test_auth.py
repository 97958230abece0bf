"""Settings about logins, and every mistake in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymta.config.complaints import ConfigError
from pymta.config.read import read_settings
from pymta.config.settings import Machine, Settings


def read(path: Path, text: str, credentials: str | None = "") -> Settings:
    file = path / "pymta.toml"
    file.write_text(text)
    return read_settings(file, Machine(), login="", hostname="mx.example", credentials=credentials)


def complaint(path: Path, text: str, credentials: str | None = "") -> str:
    with pytest.raises(ConfigError) as caught:
        read(path, text, credentials)
    return str(caught.value)


def test_all_of_them_are_read(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch(0o640)
    auth = read(
        tmp_path,
        f"""
        auth_back_ends = ["dovecot", "file"]
        auth_password_file = "{passwords}"
        auth_dovecot_socket = "/run/dovecot/auth-client"
        auth_saslauthd_socket = "/run/saslauthd/mux"
        auth_saslauthd_domains = ["example.org"]
        auth_timeout = "10s"
        auth_external = ["alice@example.org", "example.net"]
        tls_try_verify_hosts = ["*"]
        auth_mechanisms = ["SCRAM-SHA-256", "PLAIN"]
        auth_senders = {{ "Alice@example.org" = ["sales@example.org"], "*" = ["example.org"] }}
        """,
    ).auth
    assert auth.auth_back_ends == ("dovecot", "file")
    assert auth.auth_mechanisms == ("SCRAM-SHA-256", "PLAIN")
    assert auth.auth_senders == {"alice@example.org": ["sales@example.org"], "*": ["example.org"]}
    assert (auth.auth_timeout, auth.auth_external) == (10, ("alice@example.org", "example.net"))


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ('auth_back_ends = ["pam"]', 'want "file" or "dovecot" or "saslauthd"'),
        ('auth_dovecot_socket = "auth-client"', "an absolute path of at most 107 bytes"),
        (f'auth_saslauthd_socket = "/{"x" * 107}"', "an absolute path of at most 107 bytes"),
        ('auth_external = ["a b"]', "want an address, a domain"),
        ('auth_external = ["/etc/pymta/users"]', "a regular expression such as"),
        ('auth_external = ["example.org"]', "want tls_try_verify_hosts as well"),
        ('auth_saslauthd_domains = ["@"]', 'want a domain such as "example.org"'),
        ('auth_mechanisms = ["plain"]', 'such as "SCRAM-SHA-256" or "PLAIN"'),
        ('auth_timeout = "0s"', "want a time from"),
        ('auth_senders = ["a@b"]', "want lists of addresses, such as {"),
        ('auth_senders = { "a@b" = "c@d" }', 'in "a@b": want lists of addresses'),
        ('auth_senders = { "a b" = [] }', '"a b" is no account: U+0020'),
        ('auth_senders = { "a" = ["b c"] }', '"b c" in "a": want an address, a domain'),
        ('auth_password_file = "passwords"', "want an absolute path"),
        ('auth_password_file = "/no/such/passwords"', "there is no such file; want one that"),
        ('auth_password_file = "/etc"', "it is no file"),
        ('auth_password_file = "credential:passwords"', "$CREDENTIALS_DIRECTORY is not set"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_would_be_right(
    tmp_path: Path, line: str, wanted: str
) -> None:
    said = complaint(tmp_path, f"\n{line}\n")
    assert said.startswith(f"{tmp_path}/pymta.toml:2: {line.split(maxsplit=1)[0]}: found ")
    assert wanted in said


@pytest.mark.parametrize(("mode", "wanted"), [(0o644, "may be read"), (0o642, "may be written")])
def test_a_password_file_that_is_open_to_everybody_is_a_mistake(
    tmp_path: Path, mode: int, wanted: str
) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch()
    passwords.chmod(mode)
    said = complaint(tmp_path, f'auth_password_file = "{passwords}"')
    assert f"it {wanted} by everybody; want chmod 640" in said


def test_credentials_of_another_process_are_not_looked_for(tmp_path: Path) -> None:
    text = 'auth_password_file = "credential:passwords"'
    assert read(tmp_path, text, credentials=None).auth.auth_password_file
    assert "there is no such file" in complaint(tmp_path, text, credentials=str(tmp_path))
