"""The file of policy functions as part of the settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pymta.config import generation
from pymta.config.complaints import ConfigError
from pymta.config.difference import difference
from pymta.config.policy_code import PolicySource
from pymta.config.policy_source import LARGEST
from pymta.config.read import read_settings
from pymta.config.services import port_of
from pymta.config.settings import Machine, Settings

TEXT = "def connect(call): ...\n"


OWN = "(A function of your own begins with an underscore)"


def read(directory: Path, **more: str) -> Settings:
    file = directory / "pymta.toml"
    values = {"policy_file": str(directory / "policy.py")} | more
    file.write_text("\n" + "".join(f'{key} = "{value}"\n' for key, value in values.items()))
    machine = Machine(config_file=str(file), is_configured=True)
    return read_settings(file, machine, login="")


def complaints(directory: Path, **more: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        read(directory, **more)
    return [str(one).replace(f"{directory}/", "") for one in error.value.complaints]


def test_the_text_of_the_file_travels_with_the_settings(tmp_path: Path) -> None:
    (tmp_path / "policy.py").write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    settings = read(tmp_path)
    generation.store(tmp_path / "current.json", settings)
    (tmp_path / "policy.py").write_text("half of i(")

    served = generation.load(tmp_path / "current.json")

    assert served.policy_source == PolicySource(str(tmp_path / "policy.py"), TEXT, ("connect",))


def test_mistakes_in_both_files_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "policy.py").write_text("\n\ndef conect(call): ...\n")

    assert complaints(tmp_path, policy_timeout="long") == [
        f"policy.py:3: conect is no stage; did you mean connect?  {OWN}",
        'pymta.toml:3: policy_timeout: found "long"; want a time such as "30s", "10m" or "1d12h"',
    ]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda _: None, "cannot be read: No such file or directory"),
        (lambda path: path.mkdir(), 'want a file, such as "/etc/pymta/policy.py"'),
        (os.mkfifo, 'want a file, such as "/etc/pymta/policy.py"'),
        (lambda path: path.write_bytes(b" " * (LARGEST + 1)), "want a file of at most 1048576 oc"),
        (lambda path: (path.touch(), path.chmod(0o666)), "everybody can write to it, and with it"),
    ],
)
def test_what_is_no_file_for_us_is_a_mistake_of_the_setting(
    tmp_path: Path, make: object, said: str
) -> None:
    assert callable(make)
    make(tmp_path / "policy.py")

    (told,) = complaints(tmp_path)

    assert told.startswith("pymta.toml:2: policy_file: found ")
    assert f"; {said}" in told


def test_a_file_in_another_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "policy.py").write_bytes(b"# one\n# caf\xe9\n")

    assert complaints(tmp_path) == ["policy.py:2: this is not UTF-8: byte 0xe9"]


def test_a_path_from_here_is_a_mistake(tmp_path: Path) -> None:
    (told,) = complaints(tmp_path, policy_file="policy.py")

    assert told.endswith('want an absolute path of a file, such as "/etc/pymta/policy.py"')


def test_a_changed_text_is_a_change_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "policy.py").write_text(TEXT)
    before = read(tmp_path)
    (tmp_path / "policy.py").write_text(f"{TEXT}def helo(call): ...\n")

    (change,) = difference(before, read(tmp_path), port_of)

    assert change.option == "policy functions"
    assert change.text.endswith('(connect helo)"')


def test_commands_that_serve_nobody_do_not_read_the_file(tmp_path: Path) -> None:
    """`pymta queue list` works, whatever is being edited."""
    file = tmp_path / "pymta.toml"
    file.write_text('policy_file = "/nonexistent/policy.py"\n')
    machine = Machine(config_file=str(file), is_configured=True)

    settings = read_settings(file, machine, login="", is_to_serve=False)
    assert settings.policy_source == PolicySource()
