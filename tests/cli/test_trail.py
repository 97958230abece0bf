"""The story of a message, from log files and from the journal."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import sys
import time
from pathlib import Path

import pytest

from pymta.cli.app import run
from pymta.cli.log_records import Journal, LogFiles, with_rotated
from pymta.cli.story import gather, in_order, is_of_message_id, names, parse_line
from pymta.config import generation
from pymta.config.journal import Journal as JournalSettings
from pymta.config.settings import Machine, Settings
from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.files import FileSpool
from pymta.spool.store import Seal

Capture = pytest.CaptureFixture[str]
FIRST, REPORT, OTHER = (f"1wIcR{n}-000000012Tz-1abc" for n in "ace")
LOG = f"""\
2026-11-26 10:00:00 {FIRST} <= s@z.example H=[192.0.2.1] P=esmtp S=18 id=one@z.example
2026-11-26 10:00:01 {FIRST} ** gone@x.example: domain x.example does not exist
2026-11-26 10:00:01 {REPORT} <= <> R={FIRST} U=pymta P=local S=1403
2026-11-26 10:00:02 {FIRST} Completed
2026-11-26 10:00:03 Start queue run: pid=1
2026-11-26 10:00:04 +0000 [12] {OTHER} <= other@z.example H=[192.0.2.1] P=esmtp S=1
2026-11-26 10:00:05 {REPORT} => s@z.example R=mx T=smtp
2026-11-26 10:00:05 {REPORT} Completed
"""
LINES = LOG.splitlines(keepends=True)


def test_a_line_is_of_a_message_or_of_none() -> None:
    plain = parse_line(LINES[0].rstrip())
    assert plain
    assert (plain.at, plain.id) == ("2026-11-26 10:00:00", FIRST)
    assert plain.text.startswith("<= s@z.example")
    report = parse_line(LINES[2].rstrip())
    assert report
    assert report.about == FIRST
    zoned = parse_line(LINES[5].rstrip())
    assert zoned
    assert (zoned.at, zoned.id) == ("2026-11-26 10:00:04 +0000", OTHER)
    assert parse_line(LINES[4].rstrip()) is None
    assert parse_line("") is None


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("=> a@x.example R=mx", True),
        ("=> A@X.Example", True),
        ("<= <a@x.example>", True),
        ("=> aa@x.example", False),
        ("=> a@x.example.org", False),
        ("=> b+a@x.example", False),
        ("=> user <a@x.example> R=local", True),
    ],
)
def test_an_address_is_found_as_a_whole(text: str, is_so: bool) -> None:
    assert bool(names("a@x.example").search(text)) == is_so


def test_a_message_id_is_found_as_a_whole() -> None:
    assert is_of_message_id("<= s@z H=x S=1 id=one@z.example", "one@z.example")
    assert is_of_message_id("<= s@z S=1 id*=one@z.example for a@b", "one@z.example")
    assert not is_of_message_id("<= s@z S=1 id=one@z.example.org", "one@z.example")


def test_a_report_is_told_behind_what_it_is_about() -> None:
    found = [line for text in LINES if (line := parse_line(text.rstrip()))]

    stories = in_order(gather(found, [FIRST, OTHER]).values())

    assert [story.id for story in stories] == [FIRST, REPORT, OTHER]
    assert [len(story.lines) for story in stories] == [3, 3, 1]
    assert stories[1].about == FIRST


def test_log_files_are_read_with_what_was_rotated_away(tmp_path: Path) -> None:
    log = tmp_path / "mainlog"
    with lzma.open(tmp_path / "mainlog.2.xz", "wt") as file:
        file.write(LINES[0])
    with gzip.open(tmp_path / "mainlog-20261126.gz", "wt") as file:
        file.writelines(LINES[1:3])
    (tmp_path / "mainlog.1").write_text("".join(LINES[3:5]))
    log.write_text("".join(LINES[5:]))
    (tmp_path / "mainlogother").write_text(LOG)
    for age, name in enumerate(("mainlog", "mainlog.1", "mainlog-20261126.gz", "mainlog.2.xz")):
        os.utime(tmp_path / name, times=(1e9 - age, 1e9 - age))

    files = LogFiles(with_rotated(log))

    assert list(files.of_address("gone@x.example")) == [FIRST]
    assert list(files.of_message_id("one@z.example")) == [FIRST]
    assert [line.id for line in files.lines([FIRST])] == [
        FIRST,
        FIRST,
        REPORT,
        FIRST,
        *[REPORT] * 2,
    ]
    since = LogFiles(with_rotated(log), "2026-11-26 10:00:05")
    assert [line.id for line in since.lines([REPORT])] == [REPORT, REPORT]


FAKE_JOURNALCTL = """\
import json, sys
words = sys.argv[2:]
assert words[:5] == ["--quiet", "--no-pager", "--all", "-o", "json"], words
questions = [[]]
for word in words[5:]:
    if word == "+":
        questions.append([])
    else:
        questions[-1].append(word)
for text in open(sys.argv[1]):
    record = json.loads(text)
    has = {f"{k}={one}" for k, v in record.items() for one in (v if isinstance(v, list) else [v])}
    if any(set(question) <= has for question in questions):
        print(text, end="")
"""


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    def record(seconds: int, id: str, text: str, **fields: str | list[str]) -> str:
        return json.dumps(
            {
                "__REALTIME_TIMESTAMP": str(1_700_000_000_000_000 + seconds * 1_000_000),
                "__CURSOR": f"c{seconds}",
                "SYSLOG_IDENTIFIER": "pymta",
                "MESSAGE": f"{id} {text}",
                "PYMTA_QUEUE_ID": id,
                **{f"PYMTA_{name}": value for name, value in fields.items()},
            }
        )

    records = [
        record(0, FIRST, "<= s@z.example", SENDER="s@z.example", RECIPIENT=["a@x", "b@x"]),
        record(1, FIRST, "** a@x: no", RECIPIENT="a@x"),
        record(2, REPORT, "<= <> R=" + FIRST, ABOUT=FIRST, RECIPIENT="s@z.example"),
        record(3, OTHER, "<= q@z.example", MESSAGE_ID_HEADER="m@z.example"),
        record(4, REPORT, "Completed"),
    ]
    data, script = tmp_path / "records", tmp_path / "journalctl.py"
    data.write_text("".join(f"{one}\n" for one in records))
    script.write_text(FAKE_JOURNALCTL)
    return Journal("", (sys.executable, str(script), str(data)))


def test_the_journal_is_asked_by_its_fields(journal: Journal) -> None:
    assert set(journal.of_address("B@x")) == {FIRST}
    assert list(journal.of_message_id("m@z.example")) == [OTHER]
    lines = list(journal.lines([FIRST]))

    assert [(line.id, line.text) for line in lines] == [
        (FIRST, "<= s@z.example"),
        (FIRST, "** a@x: no"),
        (REPORT, f"<= <> R={FIRST}"),
        (REPORT, "Completed"),
    ]
    assert lines[0].at == time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(1_700_000_000))
    assert lines[0].fields["RECIPIENT"] == "a@x b@x"
    assert lines[2].about == FIRST


def test_a_journal_that_cannot_be_read_is_an_error() -> None:
    broken = Journal("", (sys.executable, "-c", "raise SystemExit('no journal')"))

    with pytest.raises(OSError, match="no journal"):
        list(broken.of_address("a@x"))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    log = tmp_path / "log" / "mainlog"
    log.parent.mkdir()
    log.write_text(LOG)
    machine = Machine(str(tmp_path), str(tmp_path))
    settings = Settings(
        machine=machine, journal=JournalSettings(log_file_path=(str(log.parent / "%slog"),))
    )
    generation.store(generation.current_file(tmp_path), settings)
    return tmp_path


def test_the_story_of_a_message_is_told_from_where_the_log_is(state: Path, capsys: Capture) -> None:
    words = ["trail", "--state", str(state)]

    assert run([*words, FIRST]) == 0
    out = capsys.readouterr().out
    assert out == "".join([*LINES[:2], LINES[3], "\n", LINES[2], *LINES[6:]])
    for key in ("gone@x.example", "<one@z.example>", "one@z.example"):
        assert run([*words, key]) == 0
        assert capsys.readouterr().out == out


def test_the_latest_messages_of_an_address_are_told(state: Path, capsys: Capture) -> None:
    words = ["trail", "--state", str(state), "--json"]

    assert run([*words, "--limit", "1", "s@z.example", "other@z.example"]) == 0
    told = capsys.readouterr()
    (found,) = json.loads(told.out)
    assert found["id"] == OTHER
    assert [line["text"] for line in found["lines"]] == [
        "<= other@z.example H=[192.0.2.1] P=esmtp S=1"
    ]
    assert run([*words, "--since", "2026-11-27", FIRST]) == 1
    assert run([*words, "--file", str(state / "log" / "mainlog"), FIRST]) == 0


def test_what_is_still_in_the_queue_says_why(state: Path, capsys: Capture) -> None:
    spool = FileSpool(state / "spool")
    intake = spool.begin(Envelope("a@b.example", (Recipient("c@d.example"),), 1e9))
    intake.commit(Seal())
    with (state / "log" / "mainlog").open("a") as file:
        file.write(f"2026-11-26 10:00:09 {intake.id} <= a@b.example\n")

    assert run(["trail", "--state", str(state), intake.id]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"now                 {intake.id} it has not been tried yet")


def test_nothing_found_is_said_with_the_place(state: Path, capsys: Capture) -> None:
    assert run(["trail", "--state", str(state), "nobody@x.example"]) == 1
    assert capsys.readouterr().err == f"pymta: nothing found in {state}/log/mainlog\n"
    assert run(["trail", "--since", "yesterday", FIRST]) == os.EX_USAGE
