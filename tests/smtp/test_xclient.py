"""What XCLIENT says of a client, read strictly."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.smtp.xclient import Attributes, BadAttribute, parse_xclient

FOUR, SIX = ip_address("192.0.2.7"), ip_address("2001:db8::7")

RIGHT = {
    b"ADDR=192.0.2.7": Attributes(address=FOUR),
    b"addr=ipv6:2001:DB8::7 port=40112": Attributes(address=SIX, port=40112),
    b"ADDR=IPV6:::ffff:192.0.2.7": Attributes(address=FOUR),
    b"PORT=[UNAVAILABLE]": Attributes(port=0),
    b"NAME=mail.example.org": Attributes(names=("mail.example.org",)),
    b"NAME=[unavailable]": Attributes(names=()),
    b"NAME=[TEMPUNAVAIL]": Attributes(names=(), is_name_unknown=True),
    b"HELO=a+2Bb": Attributes(helo="a+b"),
    b"HELO=[192.0.2.7] PROTO=ESMTP": Attributes(helo="[192.0.2.7]", is_extended=True),
    b"HELO=[UNAVAILABLE] PROTO=smtp": Attributes(helo="", is_extended=False),
    b"LOGIN=alice+40example.org": Attributes(login="alice@example.org"),
    b"LOGIN=[UNAVAILABLE]": Attributes(),
    b"  DESTADDR=192.0.2.7   DESTPORT=587 ": Attributes(local_address=FOUR, local_port=587),
}
WRONG = {
    b"": "must have an attribute",
    b"ADDR": "unknown attribute",
    b"FOO=bar": "unknown attribute",
    b"N\xc3\x84ME=x": "unknown attribute",
    b"ADDR=192.0.2.7 addr=192.0.2.8": "ADDR is given twice",
    b"ADDR=": "invalid value of ADDR",
    b"ADDR=192.0.2.07": "invalid value of ADDR",
    b"ADDR=[192.0.2.7]": "invalid value of ADDR",
    b"ADDR=2001:db8::7": "invalid value of ADDR",
    b"ADDR=IPV6:192.0.2.7": "invalid value of ADDR",
    b"ADDR=IPV6:fe80::1%lo": "invalid value of ADDR",
    b"ADDR=[UNAVAILABLE]": "invalid value of ADDR",
    b"PORT=65536": "invalid value of PORT",
    b"PORT=025": "invalid value of PORT",
    b"PORT=\xd9\xa1": "invalid value of PORT",
    b"NAME=192.0.2.7.": "invalid value of NAME",
    b"NAME=[192.0.2.7]": "invalid value of NAME",
    b"NAME=a..b": "invalid value of NAME",
    b"HELO=a+0Db": "invalid value of HELO",
    b"HELO=a+20b": "invalid value of HELO",
    b"HELO=a+2bb": "invalid value of HELO",
    b"LOGIN=" + b"a" * 256: "invalid value of LOGIN",
    b"PROTO=LMTP": "invalid value of PROTO",
    b"NAME=x.example HELO=a=b": "invalid value of HELO",
}


@pytest.mark.parametrize("argument", RIGHT)
def test_what_is_said_is_understood(argument: bytes) -> None:
    assert parse_xclient(argument) == RIGHT[argument]


@pytest.mark.parametrize("argument", WRONG)
def test_half_of_what_was_meant_is_nothing(argument: bytes) -> None:
    answer = parse_xclient(argument)

    assert isinstance(answer, BadAttribute)
    assert WRONG[argument] in answer.why


@given(st.lists(st.binary(max_size=30).map(lambda data: b"HELO=" + data) | st.binary(max_size=30)))
def test_any_octets_are_attributes_or_are_refused(words: list[bytes]) -> None:
    answer = parse_xclient(b" ".join(words))

    if isinstance(answer, Attributes):
        assert all(0x20 < ord(letter) < 0x7F for letter in answer.helo or "")
