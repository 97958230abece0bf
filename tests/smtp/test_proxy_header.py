"""PROXY headers of both versions, right ones and wrong ones, in any cut (N-13)."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pymta.mail.caller import Endpoint
from pymta.smtp.proxy_header import LONGEST, SIGNATURE, Header, HeaderReader, Malformed

LOCAL, PROXY = 0x20, 0x21
FOUR = Header(Endpoint(ip_address("192.0.2.7"), 40112), Endpoint(ip_address("198.51.100.1"), 25))
SIX = Header(Endpoint(ip_address("2001:db8::7"), 65535), Endpoint(ip_address("2001:db8::1"), 0))
RECORD = b"\x04\x00\x05abcde"  # PP2_TYPE_NOOP, which is there to fill


def version_2(command: int, family: int, block: bytes, length: int | None = None) -> bytes:
    size = len(block) if length is None else length
    return SIGNATURE + struct.pack("!BBH", command, family, size) + block


def block(client: str, called: str, client_port: int, called_port: int) -> bytes:
    addresses = ip_address(client).packed + ip_address(called).packed
    return addresses + struct.pack("!HH", client_port, called_port)


BLOCK_4 = block("192.0.2.7", "198.51.100.1", 40112, 25)
BLOCK_6 = block("2001:db8::7", "2001:db8::1", 65535, 0)
MAPPED = block("::ffff:192.0.2.7", "::ffff:198.51.100.1", 40112, 25)

RIGHT = {
    b"PROXY TCP4 192.0.2.7 198.51.100.1 40112 25\r\n": FOUR,
    b"PROXY TCP6 2001:db8::7 2001:DB8:0:0::1 65535 0\r\n": SIX,
    b"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 40112 25\r\n": FOUR,
    b"PROXY UNKNOWN\r\n": Header(),
    b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n": Header(),
    b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n": Header(),
    version_2(PROXY, 0x11, BLOCK_4): FOUR,
    version_2(PROXY, 0x21, BLOCK_6): SIX,
    version_2(PROXY, 0x21, MAPPED): FOUR,
    version_2(PROXY, 0x11, BLOCK_4 + RECORD): FOUR,
    version_2(PROXY, 0x11, BLOCK_4 + b"\xff" * (LONGEST - 28)): FOUR,
    version_2(PROXY, 0x00, RECORD): Header(),
    version_2(LOCAL, 0x00, b""): Header(),
    version_2(LOCAL, 0x11, BLOCK_4): Header(),
    version_2(LOCAL, 0x99, b"?"): Header(),
}

WRONG = {
    b"EHLO client.example\r\n": "begin",
    b"\x16\x03\x01\x02\x00": "begin",
    b"\r\n\r\nEHLO": "begin",
    b"proxy TCP4 192.0.2.7 198.51.100.1 40112 25\r\n": "begin",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 40112 25\n": "end",
    b"PROXY UNKNOWN " + b"x" * 200: "end",
    b"PROXY TCP4  192.0.2.7 198.51.100.1 40112 25\r\n": "version 1",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 40112 25 \r\n": "version 1",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 040112 25\r\n": "version 1",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 +4011 25\r\n": "version 1",
    b"PROXY UDP4 192.0.2.7 198.51.100.1 40112 25\r\n": "version 1",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 40112\r\n": "version 1",
    b"PROXY TCP6 fe80::1%lo 2001:db8::1 40112 25\r\n": "version 1",
    b"PROXY TCP4 192.0.2.07 198.51.100.1 40112 25\r\n": "none",
    b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 25\r\n": "none",
    b"PROXY TCP4 2001:db8::7 2001:db8::1 40112 25\r\n": "none",
    b"PROXY TCP6 192.0.2.7 198.51.100.1 40112 25\r\n": "none",
    version_2(0x11, 0x11, BLOCK_4): "neither",
    version_2(0x22, 0x11, BLOCK_4): "neither",
    version_2(PROXY, 0x12, BLOCK_4): "protocol",
    version_2(PROXY, 0x31, b"\0" * 216): "protocol",
    version_2(PROXY, 0x11, BLOCK_4[:-1]): "short",
    version_2(PROXY, 0x21, BLOCK_4): "short",
    version_2(PROXY, 0x11, b"", LONGEST - 15): "233 octets",
    version_2(LOCAL, 0x00, b"", 0xFFFF): "65551 octets",
}


def read(data: bytes, most: int) -> tuple[Header | Malformed | None, bytes]:
    """What a reader makes of it, taking at most so many octets at once, and what it leaves."""
    reader = HeaderReader()
    while data:
        some = min(most, reader.wanted, len(data))
        assert some > 0
        answer = reader.feed(data[:some])
        data = data[some:]
        if answer is not None:
            return answer, data
    return None, data


@pytest.mark.parametrize("most", [1, 2, 7, 10_000])
@pytest.mark.parametrize("behind", [b"", b"EHLO client.example\r\n", b"\x16\x03\x01\x02\x00"])
@pytest.mark.parametrize("data", RIGHT)
def test_a_header_is_read_to_its_last_octet_and_no_further(
    data: bytes, behind: bytes, most: int
) -> None:
    """N-13: what follows, a ClientHello or a command, is left as it is."""
    assert read(data + behind, most) == (RIGHT[data], behind)


@pytest.mark.parametrize("data", RIGHT)
def test_nothing_is_told_of_a_header_that_is_not_whole(data: bytes) -> None:
    for end in range(len(data)):
        assert read(data[:end], 10_000) == (None, b"")


@pytest.mark.parametrize("most", [1, 5, 10_000])
@pytest.mark.parametrize("data", WRONG)
def test_what_is_no_header_is_refused_with_the_reason(data: bytes, most: int) -> None:
    answer, _ = read(data, most)

    assert isinstance(answer, Malformed)
    assert WRONG[data] in answer.why


@given(st.binary(max_size=300), st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 1", SIGNATURE]))
@example(b"\x21\x11\x00\x0c" + b"\0" * 12, SIGNATURE)
def test_any_octets_get_an_answer_and_the_same_one_in_every_cut(tail: bytes, front: bytes) -> None:
    whole, byte_by_byte = read(front + tail, 10_000), read(front + tail, 1)

    assert type(whole[0]) is type(byte_by_byte[0])
    if not isinstance(whole[0], Malformed):
        assert whole == byte_by_byte


@given(st.binary())
def test_no_more_than_the_longest_header_is_ever_held(tail: bytes) -> None:
    filler = tail.replace(b"\r", b"x") + b"x" * 300
    for front in (b"PROXY UNKNOWN ", SIGNATURE + b"\x21\x11\x00\xd8"):
        reader, left = HeaderReader(), front + filler
        answer = None
        while answer is None:
            some = reader.wanted
            answer, left = reader.feed(left[:some]), left[some:]

        assert len(reader.data) <= LONGEST
