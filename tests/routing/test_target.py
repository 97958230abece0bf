"""What an alias or a .forward may name, and how it is read."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.address import Mailbox
from pymta.routing.target import (
    KNOWN,
    LONGEST_ITEM,
    Blackhole,
    Command,
    DeferWith,
    FailWith,
    File,
    Include,
    Target,
    Unusable,
    Whom,
    parse_target,
    parse_targets,
)


def targets(text: str) -> list[Target | Unusable]:
    return [target for _, target in parse_targets(text)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("|/usr/bin/vacation alice", Command("/usr/bin/vacation alice")),
        ('"|/usr/bin/sort -k 1,2"', Command("/usr/bin/sort -k 1,2")),
        ('|"/usr/bin/sort -k 1,2"', Command("/usr/bin/sort -k 1,2")),
        (r'"|/bin/echo \"a b\""', Command('/bin/echo "a b"')),
        ("| exec /usr/bin/procmail", Command("exec /usr/bin/procmail")),
        ("/var/mail/archive", File("/var/mail/archive")),
        ('"/srv/my mail/list"', File("/srv/my mail/list")),
        ("/srv/list/", File("/srv/list/")),
        ("/dev/null", Blackhole()),
        (":blackhole:", Blackhole()),
        (":include:/etc/mail/list", Include("/etc/mail/list")),
        (":Include: /etc/mail/list", Include("/etc/mail/list")),
        (":fail: gone, to Australia # for good", FailWith("gone, to Australia # for good")),
        (":fail:", FailWith("")),
        (":defer: moving, back soon", DeferWith("moving, back soon")),
        ("\\alice", Whom(Mailbox("alice", ""), is_final=True)),
        ("Bob <bob@example.org>", Whom(Mailbox("bob", "example.org"))),
        ('"|x"@example.org', Whom(Mailbox("|x", "example.org"))),
        ("jürgen@bücher.example", Whom(Mailbox("jürgen", "bücher.example"))),
    ],
)
def test_each_kind_of_target_has_its_form(text: str, wanted: Target) -> None:
    assert targets(text) == [wanted]


def test_several_stand_between_commas_and_on_lines() -> None:
    text = "bob, |/bin/cat, :include:/etc/list  # first\n\n :fail: no, not here\n/var/mail/x,"
    assert [(number, str(target)) for number, target in parse_targets(text)] == [
        (1, "bob"),
        (1, "|/bin/cat"),
        (1, ":include:/etc/list"),
        (3, ":fail: no, not here"),
        (4, "/var/mail/x"),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("|", "no command stands behind the bar"),
        ('|""', "no command stands behind the bar"),
        (":include:list", ":include: wants a path from the root, not 'list'"),
        (
            ":unknown:",
            f"':unknown:' is no special item; want {KNOWN}",
        ),
        ("~/mbox", "'~/mbox': want a path from the root, such as /home/alice/mbox"),
        ("bob carol", "'bob carol' is no address: malformed local part"),
        ("|/bin/cat\x07", "'|/bin/cat\\x07' has characters that do not print"),
        (
            "/" + "x" * LONGEST_ITEM,
            f"'/{'x' * 39}' and so on: longer than {LONGEST_ITEM} characters",
        ),
    ],
)
def test_what_is_no_target_is_never_taken_for_one(text: str, why: str) -> None:
    assert targets(text) == [Unusable(why)]


@given(st.text('ab@."\\,<>#|/:~() \n\r\tfail:', max_size=60) | st.text(max_size=60))
def test_every_target_reads_back_from_its_text_form(text: str) -> None:
    for target in targets(text):
        assert isinstance(target, Unusable) or parse_target(str(target)) == target


@pytest.mark.parametrize(
    "piece", ['"', "<", "\\", ",", "a,", "#", '"\\', "a<", " #", "|", ":fail:"]
)
def test_the_worst_text_takes_no_longer_than_any(piece: str) -> None:
    began = time.process_time()
    for _ in parse_targets(piece * (300_000 // len(piece))):
        pass
    assert time.process_time() - began < 3
