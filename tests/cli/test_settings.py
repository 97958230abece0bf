"""`pymta config`, and the validated generation that a start or a reload leaves."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from pymta.cli.app import run
from pymta.cli.command_error import CommandError
from pymta.cli.start import start
from pymta.config import generation
from pymta.config.changes import Changes
from pymta.config.complaints import ConfigError
from pymta.config.settings import Machine, Settings
from tests.doubles import certificates
from tests.doubles.certificates import Certificate

BROKEN = "smtp_acept_max = 1\ndeliver_max = 0\n"


class ReplacedError(Exception):
    """Stands for the moment in which another program takes our place."""


def stay(program: str, arguments: list[str]) -> NoReturn:
    raise ReplacedError(program, arguments)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pymta.toml"
    path.write_text("smtp_accept_max = 7\n")
    return path


def test_check_is_content_with_a_right_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "check", "--config", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: no mistakes\n"
    assert run(["config", "check", "--quiet", "--config", str(file)]) == 0
    assert capsys.readouterr().out == ""


def test_check_names_every_mistake(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(BROKEN)

    assert run(["config", "check", "--quiet", "--config", str(file)]) == os.EX_CONFIG

    assert capsys.readouterr().err.splitlines() == [
        "pymta: 2 mistakes in the settings:",
        f"{file}:1: smtp_acept_max: no such setting; did you mean smtp_accept_max?",
        f"{file}:2: deliver_max: found 0; want a whole number from 1 to 2147483647",
    ]


def test_check_warns_of_a_certificate_that_is_not_good_for_long(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No mistake: it would be served."""
    made = certificates.make(tmp_path, days=3)
    file.write_text("".join(f'{name} = "{path}"\n' for name, path in made.settings.items()))
    assert run(["config", "check", "--config", str(file)]) == 0
    mistakes, dates = capsys.readouterr().out.splitlines()
    assert mistakes.endswith(": no mistakes")
    assert dates.startswith("certificate is good until 20")


def test_and_of_one_that_a_smarthost_is_shown(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = certificates.make(tmp_path, days=3)
    names = "".join(f'{name} = "{path}"\n' for name, path in made.settings.items())
    file.write_text(f'[smarthosts.x]\nhosts = ["a"]\n{names}')
    assert run(["config", "check", "--config", str(file)]) == 0
    _, dates = capsys.readouterr().out.splitlines()
    assert dates.startswith("certificate for smarthosts.x is good until 20")


def test_check_of_a_file_that_does_not_exist_fails(tmp_path: Path) -> None:
    assert run(["config", "check", "--config", str(tmp_path / "no.toml")]) == os.EX_CONFIG


def test_show_prints_what_a_file_says(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "show", "--config", str(file)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"# {file}"
    assert "smtp_accept_max = 7" in lines


def test_show_prints_what_is_being_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served = Settings(generation=12)
    generation.store(generation.current_file(tmp_path), served)

    assert run(["config", "show", "--state", str(tmp_path)]) == 0

    assert capsys.readouterr().out.startswith("# generation 12, as the daemon serves it\n\n")


def test_show_says_what_the_generation_has_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "generation 11 -> 12: smtp_accept_max 7 -> 20"
    generation.store(
        generation.current_file(tmp_path), Settings(generation=12, changes=Changes(11, (line,)))
    )

    assert run(["config", "show", "--state", str(tmp_path)]) == 0

    assert f"serves it\n# {line}\n\n" in capsys.readouterr().out


def begin(file: Path | None, directory: Path) -> Settings:
    """Start up to the exec; the generation that was left."""
    machine = Machine(
        state_directory=str(directory),
        config_file=str(file or directory / "none.toml"),
        is_configured=file is not None,
    )
    with pytest.raises(ReplacedError) as replaced:
        start(file, machine, login="", execute=stay)
    current = generation.current_file(directory)
    assert replaced.value.args == (
        sys.executable,
        [sys.executable, "-P", "-m", "pymta.supervisor.main", str(current)],
    )
    return generation.load(current)


def test_a_start_leaves_the_next_generation_and_becomes_the_supervisor(
    file: Path, tmp_path: Path
) -> None:
    first = begin(file, tmp_path)
    second = begin(file, tmp_path)

    assert (first.generation, second.generation) == (1, 2)
    assert first.limits.smtp_accept_max == 7
    assert first.changes == second.changes == Changes()


def test_a_start_with_other_settings_leaves_what_is_different(file: Path, tmp_path: Path) -> None:
    begin(file, tmp_path)
    file.write_text("smtp_accept_max = 8\n")

    line = "generation 1 -> 2: smtp_accept_max 7 -> 8"
    assert begin(file, tmp_path).changes == Changes(1, (line,), ("smtp_accept_max",))


def test_a_start_does_not_stumble_over_the_generation_of_another_version(
    file: Path, tmp_path: Path
) -> None:
    current = generation.current_file(tmp_path)
    current.parent.mkdir()
    current.write_text('{"format": 99}')

    assert begin(file, tmp_path).generation == 1


def test_a_start_with_mistakes_leaves_the_old_generation(file: Path, tmp_path: Path) -> None:
    begin(file, tmp_path)
    file.write_text(BROKEN)

    with pytest.raises(ConfigError):
        start(file, Machine(state_directory=str(tmp_path)), login="", execute=stay)

    assert generation.load(generation.current_file(tmp_path)).generation == 1


def test_a_state_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file is in the way")

    with pytest.raises(CommandError, match="cannot write") as refusal:
        start(None, Machine(state_directory=str(tmp_path)), login="", execute=stay)
    assert refusal.value.status == os.EX_CANTCREAT


def test_accept_leaves_a_candidate_and_says_nothing(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(file, tmp_path)
    current = generation.current_file(tmp_path)
    file.write_text("smtp_accept_max = 8\n")

    assert run(["config", "accept", str(current)]) == 0

    assert capsys.readouterr() == ("", "")
    candidate = generation.load(generation.candidate_file(current))
    assert (candidate.generation, candidate.limits.smtp_accept_max) == (2, 8)
    assert generation.load(current).limits.smtp_accept_max == 7
    assert candidate.changes.lines == ("generation 1 -> 2: smtp_accept_max 7 -> 8",)


def test_accept_leaves_word_that_nothing_has_changed(file: Path, tmp_path: Path) -> None:
    """A reload may be for another version of the program; or the wrong file was edited."""
    begin(file, tmp_path)
    current = generation.current_file(tmp_path)

    assert run(["config", "accept", str(current)]) == 0

    candidate = generation.load(generation.candidate_file(current))
    assert candidate.changes == Changes(1, ("generation 1 -> 2: no setting has changed",))


def test_diff_says_what_a_reload_would_change(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(file, tmp_path)
    state = ["--state", str(tmp_path)]
    assert run(["config", "diff", *state]) == 0
    assert capsys.readouterr().out == "no difference\n"

    file.write_text('smtp_accept_max = 8\nlocal_domains = ["@", "localhost", "example.net"]\n')

    assert run(["config", "diff", *state]) == 1
    assert capsys.readouterr().out == "smtp_accept_max 7 -> 8\nlocal_domains +example.net\n"
    assert run(["config", "diff", "--json", *state]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "generation": 1,
        "changes": [
            {"option": "smtp_accept_max", "before": 7, "after": 8},
            {
                "option": "local_domains",
                "before": ["@", "localhost"],
                "after": ["@", "localhost", "example.net"],
            },
        ],
    }
    assert generation.load(generation.current_file(tmp_path)).generation == 1


def test_diff_may_be_asked_about_a_file_that_is_not_in_place_yet(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(file, tmp_path)
    other = tmp_path / "other.toml"
    other.write_text("smtp_accept_max = 9\n")

    status = run(["config", "diff", "--config", str(other), "--state", str(tmp_path)])

    assert status == 1
    said = capsys.readouterr().out.splitlines()
    assert said == ["smtp_accept_max 7 -> 9"]


def test_diff_names_mistakes_as_a_reload_would(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(file, tmp_path)
    file.write_text(BROKEN)

    assert run(["config", "diff", "--state", str(tmp_path)]) == os.EX_CONFIG

    out, err = capsys.readouterr()
    assert out == ""
    assert f"{file}:2: deliver_max: found 0" in err


def test_diff_has_nothing_to_compare_with_before_a_first_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["config", "diff", "--state", str(tmp_path)]) == os.EX_UNAVAILABLE
    assert "nothing has been served" in capsys.readouterr().err


def test_diff_names_files_of_keys_and_never_what_is_in_them(
    file: Path, tmp_path: Path, certificate: Certificate, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(file, tmp_path)
    names = "".join(f'{name} = "{path}"\n' for name, path in certificate.settings.items())
    file.write_text(f"smtp_accept_max = 7\n{names}")

    assert run(["config", "diff", "--json", "--state", str(tmp_path)]) == 1

    said = capsys.readouterr().out
    assert str(certificate.key) in said
    assert not any(line in said for line in certificate.key.read_text().splitlines())


def test_accept_tells_every_mistake_and_leaves_nothing(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(file, tmp_path)
    current = generation.current_file(tmp_path)
    file.write_text(BROKEN)

    assert run(["config", "accept", str(current)]) == os.EX_CONFIG

    assert len(capsys.readouterr().out.splitlines()) == 2
    assert not generation.candidate_file(current).exists()


def test_a_settings_file_that_has_gone_is_a_mistake_at_a_reload(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(file, tmp_path)
    file.unlink()

    current = generation.current_file(tmp_path)
    assert run(["config", "accept", str(current)]) == os.EX_CONFIG

    assert capsys.readouterr().out == f"{file}: cannot be read: No such file or directory\n"


def test_a_first_settings_file_is_found_at_a_reload(tmp_path: Path) -> None:
    assert not begin(None, tmp_path).machine.is_configured
    (tmp_path / "none.toml").write_text("smtp_accept_max = 9\n")
    current = generation.current_file(tmp_path)

    assert run(["config", "accept", str(current)]) == 0

    candidate = generation.load(generation.candidate_file(current))
    assert candidate.machine.is_configured
    assert candidate.limits.smtp_accept_max == 9


def test_a_reload_in_a_terminal_keeps_its_port_and_mailboxes(tmp_path: Path) -> None:
    machine = Machine(
        str(tmp_path), str(tmp_path), "", is_configured=True, in_terminal=True, serve_port=4025
    )
    current = generation.current_file(tmp_path)
    generation.store(current, replace(Settings(), machine=machine, generation=1))

    assert run(["config", "accept", str(current)]) == 0

    candidate = generation.load(generation.candidate_file(current))
    assert candidate.machine == machine
    assert candidate.listen.local_interfaces == ("[127.0.0.1]:4025", "[::1]:4025")
