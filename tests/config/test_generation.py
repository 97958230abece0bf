"""A generation on disk is the settings, all of them, or what was there before."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given

from pymta.config import generation
from pymta.config.generation import GenerationError
from pymta.config.settings import SUBJECTS, Settings
from tests.doubles.any_settings import ANY_SETTINGS


@given(ANY_SETTINGS)
def test_settings_come_back_as_they_were(settings: Settings) -> None:
    plain = json.loads(json.dumps(generation.to_plain(settings)))

    assert generation.from_plain(plain) == settings


def test_a_stored_generation_is_for_its_owner_only_and_loads(tmp_path: Path) -> None:
    path = generation.current_file(tmp_path)
    settings = Settings(generation=3)

    generation.store(path, Settings())
    generation.store(path, settings)

    assert generation.load(path) == settings
    assert path == tmp_path / "config" / "current.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["current.json"]


def test_what_could_not_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    path = generation.current_file(tmp_path)
    path.mkdir(parents=True)  # a name that no file can take

    with pytest.raises(OSError, match=r"current\.json"):
        generation.store(path, Settings())

    assert [p.name for p in path.parent.iterdir()] == ["current.json"]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "Expecting value"),
        (b"[]", "this is settings format None, and this pymta reads 1"),
        (b'{"format": 2}', "this is settings format 2, and this pymta reads 1"),
        (b'{"format": 1, "flux": {}}', "unknown group flux"),
        (b'{"format": 1, "queue": {"flux": 1}}', "unknown setting flux"),
        (b"\xff", "codec can't decode"),
    ],
)
def test_a_file_of_another_version_says_what_to_do(
    data: bytes, complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "current.json"
    path.write_bytes(data)

    with pytest.raises(GenerationError, match="start pymta anew") as refusal:
        generation.load(path)
    assert complaint in str(refusal.value)
    assert str(path) in str(refusal.value)


def test_a_setting_that_an_older_program_did_not_know_has_its_default() -> None:
    plain = generation.to_plain(Settings(generation=2))
    del plain["queue"]["deliver_max"], plain["journal"]

    assert generation.from_plain(plain) == Settings(generation=2)


def test_every_sequence_in_the_settings_is_a_tuple() -> None:
    values = [getattr(Settings(), group) for group in SUBJECTS]
    found = {
        type(getattr(value, field.name)) for value in values for field in dataclasses.fields(value)
    }

    assert found <= {int, str, bool, float, type(None), tuple}


def test_loading_needs_no_validator() -> None:
    """The supervisor's children share its memory; a validator in it would be dead weight."""
    probe = (
        "import sys, pymta.config.generation;"
        "print([m for m in ('pydantic_core', 'click', 'tomllib') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-P", "-c", probe], capture_output=True, check=True)

    assert done.stdout == b"[]\n"
