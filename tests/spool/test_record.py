"""The message file, format version 1."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.edits import Edit
from pymta.mail.envelope import Client, Envelope, Recipient
from pymta.spool.record import (
    FOOTER,
    OPENING,
    Brief,
    Layout,
    brief_of_head,
    decode_head,
    decode_layout,
    decode_seal,
    encode_head,
    encode_tail,
)
from pymta.spool.store import NewerFormatError, Seal

ENVELOPE = Envelope("a@b.example", (Recipient("c@d.example"),), 1.5, Client("192.0.2.1", 25))
BODY = b"Subject: x\r\n\r\nbody\r\n"


def file_of(envelope: Envelope, seal: Seal, body: bytes) -> bytes:
    head = encode_head(envelope)
    return head + body + encode_tail(seal, seal_start=len(head + body), head_crc=zlib.crc32(head))


def parts_of(file: bytes) -> tuple[Envelope, bytes, Seal]:
    layout = decode_layout(file[:OPENING], file[-FOOTER:], len(file))
    seal_end = layout.seal_start + layout.seal_length
    return (
        decode_head(file[: layout.body_start], layout),
        file[layout.body_start : layout.seal_start],
        decode_seal(file[layout.seal_start : seal_end], layout),
    )


WHOLE = file_of(ENVELOPE, Seal(size=len(BODY)), BODY)

TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)
RECIPIENTS = st.builds(Recipient, TEXT, st.lists(TEXT, max_size=2).map(tuple), TEXT)
ENVELOPES = st.builds(
    Envelope,
    sender=TEXT,
    recipients=st.lists(RECIPIENTS, max_size=4).map(tuple),
    received_at=st.floats(0, 1e12),
    client=st.builds(Client, TEXT, st.integers(0, 65_535), TEXT, TEXT),
    body=TEXT,
    queue_name=TEXT,
    smtputf8=st.booleans(),
    ret=TEXT,
    envid=TEXT,
    requires_tls=st.booleans(),
)
BODIES = st.binary(max_size=200)


SEALS = st.builds(
    Seal,
    on_top=st.lists(TEXT, max_size=3).map(tuple),
    digest=st.just("00" * 32),
    eight_bit=st.booleans(),
    message_id=TEXT,
    tls_optional=st.booleans(),
    frozen=TEXT,
)


@given(ENVELOPES, BODIES, SEALS)
def test_all_parts_come_back_whatever_they_hold(
    envelope: Envelope, body: bytes, made: Seal
) -> None:
    seal = replace(made, size=len(body))

    assert parts_of(file_of(envelope, seal, body)) == (envelope, body, seal)


PLAIN = st.text(st.sampled_from('abé"\\[]{},:@ \n'), max_size=8)
USUAL = st.builds(
    Envelope,
    sender=PLAIN,
    recipients=st.lists(st.builds(Recipient, PLAIN), max_size=3).map(tuple),
    received_at=st.floats(0, 1e20),
    client=st.builds(Client, PLAIN, st.integers(0, 65_535), PLAIN, PLAIN),
    queue_name=PLAIN,
)


@given(ENVELOPES | USUAL)
def test_what_a_listing_reads_of_an_envelope_is_what_it_says(envelope: Envelope) -> None:
    head = encode_head(envelope)
    layout = Layout(len(head), len(head), 0, zlib.crc32(head), 0)

    assert brief_of_head(head, layout) == Brief(
        envelope.sender,
        tuple(one.address for one in envelope.recipients),
        envelope.received_at,
        envelope.queue_name,
    )


def test_a_file_from_before_there_were_wishes_reads_as_one_without() -> None:
    old = WHOLE.partition(b"PYMTA-SEAL")[0]

    assert not any(word in old for word in (b"smtputf8", b"reports", b"ret", b"tls"))
    assert parts_of(WHOLE)[0] == ENVELOPE


def test_no_older_program_takes_a_frozen_message_for_any_other() -> None:
    seal = Seal(size=len(BODY))

    assert b'{"format":1,' in file_of(ENVELOPE, seal, BODY)
    assert b'{"format":2,' in file_of(ENVELOPE, replace(seal, frozen="by rule x"), BODY)
    edited = replace(seal, frozen="by rule x", edits=(Edit(1, 2, "é"), Edit(3, 0, "\r\n ")))
    assert b'{"format":3,' in file_of(ENVELOPE, edited, BODY)
    assert parts_of(file_of(ENVELOPE, edited, BODY))[2] == edited


@pytest.mark.parametrize(
    "edits",
    [
        (Edit(len(BODY), 1, "x"),),
        (Edit(3, 1, "x"), Edit(2, 1, "y")),
        (Edit(1, 3, "x"), Edit(2, 1, "y")),
    ],
)
def test_edits_that_are_out_of_place_are_refused(edits: tuple[Edit, ...]) -> None:
    with pytest.raises(ValueError, match="out of place"):
        parts_of(file_of(ENVELOPE, Seal(size=len(BODY), edits=edits), BODY))


def test_the_file_is_text_that_an_operator_can_read() -> None:
    lines = WHOLE.split(b"\n")

    assert lines[0] == b"PYMTA-MESSAGE 1"
    assert int(lines[1], 16) == len(lines[2])
    assert lines[2].startswith(b'{"sender":"a@b.example"')
    assert lines[-2].startswith(b"PYMTA-SEAL 1 ")
    assert len(lines[-2]) + 1 == FOOTER


def test_no_byte_of_the_envelope_is_outside_of_printable_ascii() -> None:
    head = encode_head(Envelope("\x00\n\r\x1b\x7f\u2028\udcff", (Recipient("\u00e9\n"),), 0.0))

    assert set(head) <= {0x0A, 0x7F, *range(0x20, 0x7F)}
    assert head.count(b"\n") == 3


@given(st.integers(0, len(WHOLE) * 8 - 1))
def test_one_wrong_bit_outside_of_the_body_is_always_noticed(bit: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[bit // 8] ^= 1 << bit % 8

    try:
        found = parts_of(bytes(damaged))
    except ValueError:
        return
    assert found[0] == ENVELOPE
    assert found[2] == Seal(size=len(BODY))
    assert found[1] != BODY  # which the digest is for


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_file_that_was_cut_short_is_always_noticed(length: int) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parts_of(WHOLE[:length])


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_and_nothing_worse(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parts_of(content)


@given(st.binary(max_size=60), st.integers(0, len(WHOLE)))
def test_bytes_put_in_or_appended_are_refused(added: bytes, at: int) -> None:
    changed = WHOLE[:at] + added + WHOLE[at:]
    if changed == WHOLE:
        return
    with pytest.raises(ValueError, match=r"\w"):
        parts_of(changed)


def test_another_version_is_refused_rather_than_guessed() -> None:
    with pytest.raises(NewerFormatError, match="of an unknown version"):
        parts_of(WHOLE.replace(b"PYMTA-MESSAGE 1", b"PYMTA-MESSAGE 2"))


@pytest.mark.parametrize(
    "envelope",
    [
        b"[]",
        b"1",
        b"{}",
        b'{"sender":1}',
        b"[" * 200_000,
        b'{"sender":"","recipients":[1]}',
        b'{"sender":"","recipients":[],"received_at":NaN}',
        b'{"sender":"","recipients":[],"received_at":true}',
        b'{"sender":"","recipients":[],"received_at":1e999}',
        b'{"sender":"","recipients":[],"received_at":1,"client":[]}',
        b'{"sender":"","recipients":[],"received_at":1,"client":{"address":"","port":-1}}',
        b"\xff",
        b"9" * 5000,
    ],
    ids=lambda text: text[:60].decode("latin-1"),
)
def test_an_envelope_with_a_right_checksum_and_a_wrong_shape_is_refused(envelope: bytes) -> None:
    head = b"PYMTA-MESSAGE 1\n%08x\n" % len(envelope) + envelope + b"\n"
    tail = encode_tail(Seal(), seal_start=len(head), head_crc=zlib.crc32(head))

    with pytest.raises(ValueError, match=r"\w"):
        parts_of(head + tail)
