"""pymta-spool(5) against what the spool writes."""

from __future__ import annotations

import json
import re
from dataclasses import fields

import pytest

from pymta.mail.edits import Edit
from pymta.mail.envelope import Client, Envelope, Recipient
from pymta.spool import journal_lines, paths, record
from pymta.spool.outcomes import Thawed
from pymta.spool.states import SWEEP_AGE
from pymta.spool.store import Seal
from tests.doubles.peers import CHECKOUT

PAGE = (CHECKOUT / "packaging/man/pymta-spool.5").read_text().replace("\\-", "-")
WORDS = set(re.findall(r"\w+", PAGE))
ENVELOPE = Envelope(
    "a@b.example",
    (Recipient("c@d.example", ("NEVER",), "rfc822;c@d.example"),),
    1.0,
    Client("192.0.2.1", 1, "a", "esmtps", "user"),
    smtputf8=True,
    requires_tls=True,
    ret="FULL",
    envid="x",
)


def names(value: object) -> set[str]:
    if isinstance(value, dict):
        return {key for key in value if not key.isdigit()}.union(*map(names, value.values()))
    if isinstance(value, list):
        return set().union(*map(names, value))
    return set()


def test_it_names_every_member_of_an_envelope() -> None:
    head = record.encode_head(ENVELOPE)

    assert head.startswith(b"PYMTA-MESSAGE 1\n")
    assert "\nPYMTA-MESSAGE 1\n" in PAGE
    assert names(json.loads(head[record.OPENING :])) - WORDS == set()


def test_it_names_every_member_of_a_seal_and_the_width_of_the_footer() -> None:
    seal = Seal(("Received: x\r\n",), frozen="why", tls_optional=True, edits=(Edit(1, 2, "x"),))
    text, footer, _ = record.encode_tail(seal, seal_start=1, head_crc=1).split(b"\n")

    assert names(json.loads(text)) - WORDS == set()
    assert footer.startswith(b"PYMTA-SEAL 1 ")
    assert "PYMTA-SEAL 1 " in PAGE
    assert f"width of {record.FOOTER} octets" in PAGE


@pytest.mark.parametrize("kind", journal_lines.KINDS.values(), ids=list(journal_lines.KINDS))
def test_it_names_every_record_with_its_members(kind: type) -> None:
    assert {kind.__name__} | {field.name for field in fields(kind)} <= WORDS


def test_it_names_what_holds_records_that_belong_together() -> None:
    _, _, text = journal_lines.encode(Thawed(1.0), Thawed(2.0)).partition(b" ")

    assert {journal_lines.TOGETHER} | names(json.loads(text)) <= WORDS


def test_it_names_every_directory_and_how_long_leftovers_stay() -> None:
    for name in (paths.INCOMING, paths.QUEUE, paths.JOURNAL, paths.CORRUPT):
        assert f"{name}/ID" in PAGE
    assert {paths.HOST, paths.FORMAT} <= WORDS
    assert SWEEP_AGE == 9 * 3600
    assert "nine hours" in PAGE
