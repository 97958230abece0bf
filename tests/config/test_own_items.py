"""Settings of commands, files and mboxes: mistakes are told with what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.test_read import complaints, read

GOOD = 'alias_user = "list"\nalias_user_files = ["/etc/aliases"]\nlocal_transport = "mbox"\n'


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('alias_user = "root"', "want the name of an account other than root"),
        ('alias_user = "no name"', "want the name of an account other than root"),
        ('alias_user_files = ["aliases"]', "want an absolute path of a file"),
        (
            'alias_user = "list"\nalias_user_files = ["/etc/other"]',
            "want a file of alias_file or virtual_aliases",
        ),
        ('mail_spool_directory = "var/mail"', "want the absolute path of a directory"),
        ('mail_spool_directory = "/var/../mail"', "want the absolute path of a directory"),
        ('local_transport = "mbox"\nlocal_parts = ["a.lock"]', "cannot end in .lock"),
        ('local_transport = { "*" = "mbox" }\nlocal_parts = ["a.lock"]', "cannot end in .lock"),
        ("pipe_timeout = 5", "want a time in quotes"),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(tmp_path: Path, text: str, wanted: str) -> None:
    (complaint,) = complaints(f"{text}\n", tmp_path)
    assert wanted in complaint


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "pymta.toml"
    file.write_text(f'{GOOD}mail_spool_directory = "/var/mail"\nmail_spool_group = 8\n')
    deliver = read(file).deliver
    assert (deliver.alias_user, deliver.mail_spool_directory) == ("list", "/var/mail")
    assert deliver.mail_spool_group == "8"
    file.write_text('local_parts = ["a.lock"]\n')
    assert "a.lock" in read(file).routing.local_parts
