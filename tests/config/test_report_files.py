"""Files with the words of reports, as part of the settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from pymta.config.complaints import ConfigError
from pymta.config.queue import Queue
from pymta.config.read import read_settings
from pymta.config.report_files import LARGEST
from pymta.config.settings import Machine, Settings
from pymta.delivery.report_words import words_of
from pymta.journal.event import Event
from pymta.spool.outcomes import DELAYED, DELIVERED, FAILED


def read(directory: Path, text: str) -> Settings:
    file = directory / "pymta.toml"
    file.write_text(text)
    return read_settings(file, Machine(config_file=str(file), is_configured=True), login="")


def complaints(directory: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        read(directory, text)
    return [str(one).replace(f"{directory}/", "") for one in error.value.complaints]


def test_mistakes_in_all_files_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("Subject: x\n\n$recipients\n$sander\n")
    (tmp_path / "w.txt").write_bytes(b"$recipients\ncaf\xe9\n")
    names = f'bounce_message_file = "{tmp_path}/b.txt"\nwarn_message_file = "{tmp_path}/w.txt"\n'
    first, second, third = complaints(tmp_path, f'{names}delay_warning = ["4h", "soon"]\n')
    assert first.startswith("b.txt:4: bounce_message_file: $sander is nothing to put in here")
    assert third == "w.txt:2: warn_message_file: this is not UTF-8: byte 0xe9"
    assert second.startswith('pymta.toml:3: delay_warning: found "soon"; want a time')


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda _: None, "cannot be read: No such file or directory"),
        (lambda path: path.mkdir(), "cannot be read: it is no file"),
        (os.mkfifo, "cannot be read: it is no file"),
        (lambda path: path.write_bytes(b" " * (LARGEST + 1)), "cannot be read: it is larger than"),
    ],
)
def test_what_is_no_file_for_us_is_a_mistake(
    tmp_path: Path, make: Callable[[Path], object], said: str
) -> None:
    make(tmp_path / "b.txt")
    (told,) = complaints(tmp_path, f'bounce_message_file = "{tmp_path}/b.txt"\n')
    assert said in told


@pytest.mark.parametrize(
    "line",
    [
        'delay_warning = ["0s"]',
        'delay_warning = ["2y"]',
        'bounce_message_file = "b.txt"',
        'auto_thaw = "400d"',
    ],
)
def test_values_that_make_no_sense_are_refused(tmp_path: Path, line: str) -> None:
    assert len(complaints(tmp_path, f"{line}\n")) == 1


def test_a_list_may_be_written_as_the_classic_daemon_has_it(tmp_path: Path) -> None:
    assert read(tmp_path, 'delay_warning = "4h:1d"\n').queue.delay_warning == ("4h", "1d")
    assert read(tmp_path, "delay_warning = []\n").queue.delay_warning == ()


def test_a_file_that_is_gone_later_on_is_told_and_costs_no_report(tmp_path: Path) -> None:
    file = tmp_path / "b.txt"
    heard: list[Event] = []
    words = partial(words_of, Queue(bounce_message_file=str(file)), heard.append)

    assert words(FAILED) is None
    assert heard[0].text == f"report text {file} is not used: No such file or directory"
    file.write_text("$nobody\n")
    assert words(FAILED) is None
    assert "line 1: $nobody is nothing" in heard[1].text
    file.write_text("$recipients\n")
    assert words(FAILED) is not None
    assert [words(action) for action in (DELIVERED, DELAYED)] == [None, None]
    assert len(heard) == 2


def test_nobody_reads_a_file_that_is_not_named() -> None:
    def tell(event: Event) -> None:
        raise AssertionError(event)

    assert words_of(replace(Queue()), tell, FAILED) is None
