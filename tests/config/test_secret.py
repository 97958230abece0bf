"""How a secret is named, and what is said when it is not there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.config.secret import SecretFile, credential, example, missing, path_of, source

KEY = SecretFile("privkey.pem")


@pytest.mark.parametrize(
    "value",
    ["", "/etc/pymta/key.pem", "credential:tls_privkey.pem", "credential:my key", "credential:..a"],
)
def test_a_file_or_a_credential_names_a_secret(value: str) -> None:
    assert KEY.check(value) == value


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("key.pem", 'want an absolute path of a file, or "credential:tls_privkey.pem" for'),
        ("/etc/pymta/", "want an absolute path of a file"),
        ("/etc/\nkey", "want an absolute path of a file"),
        ("Credential:a", "want an absolute path of a file"),
        ("-----BEGIN PRIVATE KEY-----", "want an absolute path of a file"),
        ("/run/credentials/pymta.service/tls_a.pem", 'want "credential:tls_a.pem"; where it lies'),
        *(
            (f"credential:{name}", 'want the name of one credential, such as "credential:tls_priv')
            for name in ("", ".", "..", "a/b", "a:b", " a", "a\n", "\u00e4", "a" * 256)
        ),
    ],
)
def test_what_names_no_secret_is_refused_with_what_would(value: str, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted.replace(".", r"\.")):
        KEY.check(value)


@given(st.text(max_size=40))
def test_a_credential_never_names_a_file_elsewhere(name: str) -> None:
    value = f"credential:{name}"
    try:
        KEY.check(value)
    except ValueError:
        return
    directory, _, file = path_of(value, "/run/credentials/x").rpartition("/")
    assert directory == "/run/credentials/x"
    assert file == name
    assert file not in {"", ".", ".."}


def test_where_it_lies_is_for_systemd_to_say() -> None:
    assert path_of("credential:tls_key", "/run/c") == "/run/c/tls_key"
    assert path_of("/etc/key", "") == "/etc/key"
    assert path_of("", "/run/c") == ""
    with pytest.raises(ValueError, match="CREDENTIALS_DIRECTORY is not set: credentials are for"):
        path_of("credential:tls_key", "")


def test_a_credential_that_is_missing_is_told_with_where_it_comes_from() -> None:
    """Check 24"""
    assert source("tls_privkey.pem") == "/etc/pymta/tls/privkey.pem"
    assert source("tls_") == source("smarthost") == ""
    there = missing("tls_privkey.pem", has_source_directory=True)
    assert "/etc/pymta/tls/privkey.pem was not there when the unit started" in there
    gone = missing("tls_privkey.pem", has_source_directory=False)
    assert "there is no directory /etc/pymta/tls" in gone
    assert "want a LoadCredential= for it" in missing("smarthost", has_source_directory=True)


def test_what_is_no_credential_has_no_name() -> None:
    assert credential("/etc/key") == credential("") == ""
    assert credential(example("privkey.pem")) == "tls_privkey.pem"
