"""What a host does not take is converted, to mean the same, or comes back with the reason."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from itertools import count
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pymta.transport.downgrade import UnfitError, converted, plan
from pymta.transport.mime_walk import DEEPEST, MOST_PARTS

MIME = b"MIME-Version: 1.0\r\n"
UMLAUTS = "Grüße an alle, die das hier lesen\r\n".encode()
CYRILLIC = "Съешь же ещё этих мягких французских булок\r\n".encode()


def sent(*blocks: bytes, takes_eight_bit: bool = False) -> bytes:
    made = plan(blocks, takes_eight_bit=takes_eight_bit)
    return b"".join(converted(blocks, made))


def refusal(*blocks: bytes, takes_eight_bit: bool = False) -> tuple[str, str]:
    with pytest.raises(UnfitError) as found:
        plan(blocks, takes_eight_bit=takes_eight_bit)
    return found.value.reply.enhanced, found.value.reply.text


# One body.


def test_text_becomes_quoted_printable_and_nothing_else_of_the_message_changes() -> None:
    """RFC 6152 s3, RFC 2045 s6.7"""
    top = b"Received: by us\r\nSubject:  two\r\n lines\r\n" + MIME
    label = b"content-transfer-encoding : 8BIT (really)\r\n"
    rest = b"Content-Type: text/plain;\r\n charset=utf-8\r\n\r\n"
    assert sent(top + label + rest + "ä=\t\r\n\r\n.\r\nthe end of it, at last \r\n".encode()) == (
        top
        + b"Content-Transfer-Encoding: quoted-printable\r\n"
        + rest
        + b"=C3=A4=3D=09\r\n\r\n=2E\r\nthe end of it, at last=20\r\n"
    )


def test_text_that_is_hardly_ascii_is_shorter_in_base64() -> None:
    message = sent(MIME + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + CYRILLIC * 9)
    assert b"Content-Transfer-Encoding: base64\r\n\r\n" in message
    assert payload(message) == CYRILLIC * 9


def test_what_is_no_text_becomes_base64() -> None:
    picture = MIME + b"Content-Type: image/png\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    message = sent(picture, UMLAUTS)
    assert b"base64" in message
    assert payload(message) == UMLAUTS


def test_a_body_that_nobody_called_mime_is_labelled_with_what_is_known_of_it() -> None:
    """RFC 1428 s3"""
    assert sent(b"Subject: x\r\n\r\n" + UMLAUTS) == (
        b"Subject: x\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=unknown-8bit\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"Gr=C3=BC=C3=9Fe an alle, die das hier lesen\r\n"
    )


def test_and_one_whose_type_is_known_keeps_it() -> None:
    message = sent(b"Content-Type: text/html\r\n\r\n" + UMLAUTS)
    assert message.startswith(
        b"Content-Type: text/html\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted"
    )


@pytest.mark.parametrize("last", [b"\xe4", b"\xe4\r\n", b"\xe4 \r\n", b"\xe4\r\n\r\n"])
def test_a_body_ends_as_it_ended(last: bytes) -> None:
    for kind in (b"text/plain", b"image/x"):
        assert payload(sent(MIME + b"Content-Type: " + kind + b"\r\n\r\n" + last)) == last


def test_seven_bit_mail_stays_as_it_is_but_for_labels_that_say_more() -> None:
    head = MIME + b"Content-Transfer-Encoding: %s\r\n\r\n"
    assert sent(head % b"7bit" + b"x\r\n") == head % b"7bit" + b"x\r\n"
    assert sent(head % b"8bit" + b"x\r\n") == head % b"7bit" + b"x\r\n"


# Parts.

SIGNED = (
    b"Content-Type: multipart/signed; boundary=s\r\n\r\n"
    b"--s\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\n--s\r\n\r\nsignature\r\n--s--\r\n"
)


def mixed(*parts: bytes, sub: bytes = b"mixed", boundary: bytes = b"=_1") -> bytes:
    head = b"Content-Type: multipart/%s; boundary=%s\r\n\r\n" % (sub, b'"%s"' % boundary)
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts)
    return head + body + b"--%s--\r\n" % boundary


def test_each_part_is_labelled_by_itself() -> None:
    parts = (b"\r\nplain", b"\r\n\xc3\xa4", b"Content-Type: image/x\r\n\r\n\xff", b"\r\n")
    assert sent(MIME + mixed(*parts)) == MIME + mixed(
        b"\r\nplain",
        b"Content-Transfer-Encoding: base64\r\n\r\nw6Q=",
        b"Content-Type: image/x\r\nContent-Transfer-Encoding: base64\r\n\r\n/w==",
        b"\r\n",
    )


def test_a_message_in_it_is_converted_inside_and_called_7bit() -> None:
    """RFC 2046 s5.2.1: it must not be encoded itself."""
    inner = b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n%s\r\n%s"
    label = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: %s\r\n\r\n"
    whole = MIME + mixed(label % b"8bit" + inner % (b"", UMLAUTS))
    quoted = UMLAUTS.replace("ü".encode(), b"=C3=BC").replace("ß".encode(), b"=C3=9F")
    coded = b"Content-Transfer-Encoding: quoted-printable\r\n"
    assert sent(whole) == MIME + mixed(label % b"7bit" + inner % (coded, quoted))


def test_in_a_digest_a_part_is_a_message_where_nothing_is_said() -> None:
    """RFC 2046 s5.1.5"""
    message = sent(MIME + mixed(b"\r\nSubject: x\r\n\r\n\xc3\xa4", sub=b"digest"))
    assert b"\r\n\r\nSubject: x\r\nMIME-Version: 1.0\r\n" in message
    assert message.isascii()


def test_what_nobody_is_shown_has_question_marks() -> None:
    whole = (
        MIME + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n%s\r\n--b\r\n\r\n\r\n--b--\r\n%s"
    )
    assert sent(whole % (b"f\xfcr", b"\xe4")) == whole % (b"f?r", b"?")


def test_a_long_line_has_to_be_broken() -> None:
    """RFC 5321 s4.5.3.1.6"""
    long = b"x" * 200_000 + b"\r\n"
    message = sent(MIME + b"\r\n", long, UMLAUTS, long)
    assert max(map(len, message.split(b"\r\n"))) <= 76
    assert payload(message) == long + UMLAUTS + long


# What cannot be converted.


def test_what_is_signed_is_not_touched() -> None:
    """RFC 1847 s2.1"""
    assert refusal(MIME + SIGNED % b"\xe4")[0] == "5.6.3"
    assert sent(MIME + mixed(SIGNED % b"a", b"\r\n\xe4")).count(SIGNED % b"a") == 1
    assert refusal(MIME + mixed(b"\r\nx", SIGNED % b"\xe4"))[0] == "5.6.3"


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: multipart/encrypted; boundary=b",
        b"Content-Type: multipart/mixed",
        b"Content-Type: multipart/mixed; boundary=b",
        b"Content-Type: multipart/mixed; boundary=a; boundary=b",
        b"Content-Type: multipart/mixed; boundary*0=a; boundary*1=b",
        b"Content-Type: multipart/mixed (what?); boundary=a",
        b"Content-Type: message/partial; id=1; number=2",
        b"Content-Type: message/delivery-status",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Transfer-Encoding: x-uuencode",
        b"Content-Type: text/plain\r\nContent-Type: text/html",
        b"Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: 8bit",
        b"Content-Transfer-Encoding: ",
        b"this is no field",
    ],
)
def test_nor_is_anything_on_which_readers_may_not_agree(head: bytes) -> None:
    assert refusal(MIME + head + b"\r\n\r\n\xe4\r\n")[0] == "5.6.3"


def test_a_line_that_only_begins_like_a_boundary_is_such_a_thing() -> None:
    """RFC 2046 s5.1.2 takes it for one; readers do not."""
    assert "begins like a boundary" in refusal(MIME + mixed(b"\r\n\xe4\r\n--=_1x\r\n"))[1]
    nested = mixed(mixed(b"\r\n\xe4", boundary=b"=_1x"), b"\r\nx")
    assert payload_of(sent(MIME + nested)) == payload_of(MIME + nested)


def test_a_header_has_no_encoding() -> None:
    """RFC 6532 s3"""
    utf8, other = "Subject: ä\r\n".encode(), "Subject: ä\r\n".encode("latin-1")
    assert refusal(utf8 + b"\r\nx\r\n")[0] == "5.6.7"
    assert refusal(other + b"\r\nx\r\n")[0] == "5.6.3"
    assert refusal(MIME + mixed(utf8 + b"\r\nx"))[0] == "5.6.7"


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (mixed(*[b"\r\nx"] * MOST_PARTS), "too many parts"),
        (
            b"--\r\n".join(
                b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
                for n in range(DEEPEST + 1)
            ),
            "too many parts have parts",
        ),
        (b"Subject: x\r\n" + b" %s\r\n" % (b"x" * 9000) * 500, "a header is too large"),
    ],
    ids=["parts", "depth", "header"],
)
def test_there_are_bounds(message: bytes, why: str) -> None:
    assert why in refusal(message.replace(b"\r\n--\r\n", b"\r\n"))[1]


# Binary mail (RFC 3030 s3).


def test_binary_data_is_encoded_also_for_a_host_that_takes_8_bits_which_text_keeps() -> None:
    parts = (
        b"Content-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\n\r\xff",
        b"Content-Transfer-Encoding: binary\r\n\r\n" + UMLAUTS,
        "Content-Description: ä\r\n\r\nx".encode(),
    )
    assert sent(MIME + mixed(*parts), takes_eight_bit=True) == MIME + mixed(
        b"Content-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\nAAoN/w==",
        b"Content-Transfer-Encoding: 8bit\r\n\r\n" + UMLAUTS,
        parts[2],
    )


def test_where_it_may_not_be_changed_its_lines_must_be_lines() -> None:
    assert sent(MIME + SIGNED % b"\xe4", takes_eight_bit=True) == MIME + SIGNED % b"\xe4"
    assert refusal(MIME + SIGNED % b"\n", takes_eight_bit=True)[0] == "5.6.3"


# Whatever it is.


@dataclass(frozen=True)
class Leaf:
    kind: str
    octets: bytes
    label: str


@dataclass(frozen=True)
class Node:
    kind: str
    inside: tuple[Leaf | Node, ...]
    label: str


KINDS = ("text/plain", "text/html", "image/png", "application/octet-stream")
LABELS = ("", "7bit", "8bit", "binary")
proper_lines = st.lists(
    st.binary(max_size=40).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b"")), max_size=5
).map(b"\r\n".join)
words = st.text("aäи =.-\t", max_size=300).map(str.encode)
octets = st.one_of(proper_lines, words, st.binary(max_size=200), st.just(b"x" * 2000))
leaves = st.builds(Leaf, st.sampled_from(KINDS), octets, st.sampled_from(LABELS))


def nodes(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.builds(
            Node,
            st.sampled_from(("multipart/mixed", "multipart/alternative")),
            st.lists(inside, min_size=1, max_size=4).map(tuple),
            st.sampled_from(LABELS),
        ),
        st.builds(Node, st.just("message/rfc822"), st.tuples(inside), st.sampled_from(LABELS)),
    )


trees = st.recursive(leaves, nodes, max_leaves=8)


def written(tree: Leaf | Node, numbers: Iterator[int]) -> bytes:
    number = next(numbers)
    head = f"Content-Type: {tree.kind}; boundary==_{number}.\r\n"
    if not tree.kind.startswith("multipart"):
        head = f"Content-Type: {tree.kind}\r\n"
    if tree.label:
        head += f"Content-Transfer-Encoding: {tree.label}\r\n"
    start = head.encode() + b"\r\n"
    if isinstance(tree, Leaf):
        return start + tree.octets
    if tree.kind == "message/rfc822":
        return start + MIME + written(tree.inside[0], numbers)
    line = f"\r\n--=_{number}.".encode()
    parts = (line + b"\r\n" + written(one, numbers) for one in tree.inside)
    return start + b"".join(parts) + line + b"--\r\n"


def shape(tree: Leaf | Node) -> object:
    if isinstance(tree, Leaf):
        return tree.kind, tree.octets
    return tree.kind, [shape(one) for one in tree.inside]


def read(message: Any) -> object:
    """What a reader of another make has of it, a message of the standard library."""
    if message.is_multipart():
        inside = message.get_payload()
        assert isinstance(inside, list)
        return message.get_content_type(), [read(one) for one in inside]
    return message.get_content_type(), message.get_payload(decode=True)


def payload(message: bytes) -> object:
    found = message_from_bytes(message).get_payload(decode=True)
    assert isinstance(found, bytes)
    return found


def payload_of(message: bytes) -> object:
    return read(message_from_bytes(message))


def unended(found: Any) -> object:
    kind, inside = found
    if isinstance(inside, bytes):
        return kind, inside.rstrip(b"\r\n")
    return kind, [unended(one) for one in inside]


def chopped(message: bytes, size: int) -> list[bytes]:
    return [message[at : at + size] for at in range(0, len(message), size)]


@given(trees, st.integers(1, 100))
@example(Leaf("text/plain", b"a\r\r\n \xff", ""), 1)
@settings(max_examples=60)
def test_a_reader_finds_the_same_parts_and_the_same_in_them(tree: Leaf | Node, size: int) -> None:
    message = MIME + written(tree, count())
    out = sent(*chopped(message, size))
    assert out.isascii()
    assert max(map(len, out.split(b"\r\n"))) <= 998
    assert out.count(b"\r") == out.count(b"\n") == out.count(b"\r\n")
    assert b"\0" not in out
    assert read(message_from_bytes(out)) == shape(tree)
    assert sent(out) == out == sent(message)


@given(trees)
@settings(max_examples=30)
def test_for_a_host_that_takes_8_bits_as_well(tree: Leaf | Node) -> None:
    out = sent(MIME + written(tree, count()), takes_eight_bit=True)
    assert out.count(b"\r") == out.count(b"\n") == out.count(b"\r\n")
    assert b"\0" not in out
    assert read(message_from_bytes(out)) == shape(tree)


FRAGMENTS = (
    b"\r\n",
    b"--a",
    b"--b",
    b"--",
    b" ",
    b"x",
    "ä".encode(),
    b"\xe4",
    b"Content-Type: multipart/mixed; boundary=a\r\n",
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Type: image/x\r\n",
    b"Content-Transfer-Encoding: 8bit\r\n",
    b"\r\n--a\r\n",
    b"\r\n--a--\r\n",
    b"\r\n--b\r\n\r\n",
)


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map(b"".join), st.integers(1, 40))
@settings(max_examples=150)
def test_whatever_comes_is_read_the_same_afterwards_or_refused(text: bytes, size: int) -> None:
    message = MIME + text + b"\r\n"
    try:
        out = sent(*chopped(message, size))
    except UnfitError:
        return
    assert out.isascii()
    # Readers do not agree on the last line end of a part that no boundary ends.
    assert unended(payload_of(out)) == unended(payload_of(message))


def test_a_large_message_takes_no_more_memory_than_a_small_one() -> None:
    line = UMLAUTS[:-2] * 2 + b"\r\n"
    top = MIME + b"Content-Type: text/plain\r\n\r\n"

    def blocks() -> Iterator[bytes]:
        yield top
        for _ in range(100):
            yield line * 500

    tracemalloc.start()
    made = plan(blocks(), takes_eight_bit=False)
    size = sum(map(len, converted(blocks(), made)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 100 * 500 * len(line)
    assert peak < 1 << 20
