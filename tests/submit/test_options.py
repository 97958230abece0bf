"""The words of sendmail, as cron, PHP, git, mutt and mailx say them."""

from __future__ import annotations

import pytest

from pymta.submit.options import (
    Elsewhere,
    MisusedError,
    NewAliases,
    Submission,
    read_words,
)


def asked(line: str) -> Submission:
    found = read_words(line.split())
    assert isinstance(found, Submission)
    return found


@pytest.mark.parametrize(
    ("line", "recipients"),
    [
        ("-FCronDaemon -i -B8BITMIME -oem root", ["root"]),
        ("-i -odi -oem -oi -f me@a.example -- you@b.example -x@c.example", 2),
        ("-oem -oi -f me@a.example -B 8BITMIME -N success,delay -R hdrs -- you@b.example", 1),
        ("-i -m -- you@b.example", 1),
        (
            "-oi -om -oo -Ac -G -U -n -x -L tag -h 3 -X /dev/null -p uucp -oMr local you@b.example",
            1,
        ),
        ("-O DeliveryMode=b -O ErrorMode=m you@b.example", 1),
    ],
    ids=["cron", "git send-email", "mutt", "mailx", "old habits", "-O"],
)
def test_programs_are_understood(line: str, recipients: list[str] | int) -> None:
    found = asked(line).recipients

    assert found == recipients if isinstance(recipients, list) else len(found) == recipients


@pytest.mark.parametrize("line", ["-t -i", "-ti", "-it", "-i -t", "-t -oi"])
def test_php_wants_the_recipients_of_the_header_and_all_lines(line: str) -> None:
    found = asked(line)

    assert found.from_header
    assert not found.dot_ends


@pytest.mark.parametrize(
    ("line", "sender"),
    [
        ("-f a@b.example x", "a@b.example"),
        ("-fa@b.example x", "a@b.example"),
        ("-r a@b.example x", "a@b.example"),
        ("-f <a@b.example> x", "a@b.example"),
        ("-f <> x", ""),
        ("x", None),
    ],
)
def test_the_sender_stands_behind_f_or_is_nobody(line: str, sender: str | None) -> None:
    assert asked(line).sender == sender
    assert read_words(["-f", "", "x"]).sender == ""  # type: ignore[union-attr]


def test_reports_and_delivery_are_passed_on_in_the_words_of_smtp() -> None:
    found = asked("-N failure,delay -R full -V id42 -odq x")

    assert (found.notify, found.ret, found.envid) == ("FAILURE,DELAY", "FULL", "id42")
    assert found.delivery == "queue"
    assert asked("-odqs x").delivery == "local"
    assert asked("-ODeliveryMode=queue x").delivery == "queue"


@pytest.mark.parametrize(
    "line",
    ["-bd -q30m", "-bp", "-bpc", "-bV", "-q", "-qff", "-q 30m", "-M 1abc", "-R example.org",
     "-Rf x", "-S x", "-bh 192.0.2.1", "-bv a@b.example", "-bvs a", "-bt x", "-brw x",
     "-v -bd -odq", "-d+all -bd", "-oX 25"],
)  # fmt: skip
def test_words_of_other_jobs_make_the_line_one_for_others(line: str) -> None:
    assert isinstance(read_words(line.split()), Elsewhere)


def test_new_aliases_are_their_own_job() -> None:
    assert isinstance(read_words(["-bi"]), NewAliases)
    assert isinstance(read_words(["-I"]), NewAliases)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "nobody to send to"),
        ("-i", "nobody to send to"),
        ("-z a@b.example", "unknown option -z"),
        ("-oq a@b.example", "unknown option -oq"),
        ("-bS", "unknown option -bS"),
        ("-i -f", "-f needs a value"),
        ("-N never,delay a@b.example", "-N never,delay: want never, or one or more"),
        ("-N sometimes a@b.example", "-N sometimes: want never"),
        ("-bs a@b.example", "-bs hears the addresses by SMTP"),
    ],
)
def test_what_makes_no_sense_is_one_clear_line(line: str, told: str) -> None:
    with pytest.raises(MisusedError, match=told):
        read_words(line.split())
