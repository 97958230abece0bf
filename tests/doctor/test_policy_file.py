"""The doctor and a file of policy functions."""

from __future__ import annotations

from pathlib import Path

from pymta.config import generation
from pymta.config.generation import current_file
from pymta.config.read import read_settings
from pymta.config.settings import Machine
from pymta.doctor.ask_files import ask_settings
from pymta.doctor.configured import Configured

TEXT = "def connect(call): ...\n"


def examine(directory: Path, served: str, now: str) -> Configured:
    policy, file = directory / "policy.py", directory / "pymta.toml"
    policy.write_text(served)
    file.write_text(f'policy_file = "{policy}"\n')
    machine = Machine(str(directory), config_file=str(file), is_configured=True)
    generation.store(current_file(directory), read_settings(file, machine, login=""))
    policy.write_text(now)
    return ask_settings(machine)


def test_an_edited_file_is_a_change_that_a_reload_would_bring(tmp_path: Path) -> None:
    (change,) = examine(tmp_path, TEXT, f"{TEXT}def helo(call): ...\n").changes

    assert change.startswith("policy functions ")
    assert examine(tmp_path, TEXT, TEXT).changes == ()


def test_a_mistake_in_it_is_one_of_the_settings(tmp_path: Path) -> None:
    (told,) = examine(tmp_path, TEXT, "def conect(call): ...\n").complaints

    assert told.startswith(f"{tmp_path}/policy.py:1: conect is no stage; did you mean connect?")
