"""What is said of a client by somebody else: a PROXY header, or the attributes of XCLIENT."""

from __future__ import annotations

import re

from pymta.mail.caller import Endpoint
from pymta.smtp.proxy_header import LONGEST, Header, HeaderReader, Malformed
from pymta.smtp.xclient import Attributes, parse_xclient

_VISIBLE = re.compile("[!-~]*")
_LETTERS = re.compile("[ -~]*")


def proxy(data: bytes) -> None:
    """The first octet says in which cuts the rest comes; 0: it is what XCLIENT says."""
    step, rest = (data[0], data[1:]) if data else (1, b"")
    if step == 0:
        _attributes(rest)
        return
    answer, left = _read(rest, step)
    whole, left_of_whole = _read(rest, len(rest) or 1)
    assert type(answer) is type(whole)
    if isinstance(answer, Header):
        assert (answer, left) == (whole, left_of_whole)
        for end in (answer.client, answer.called):
            assert end is None or 0 <= end.port <= 0xFFFF
            assert end is None or not getattr(end.address, "ipv4_mapped", None)


def _read(data: bytes, step: int) -> tuple[Header | Malformed | None, bytes]:
    reader = HeaderReader()
    while data:
        some = min(step, reader.wanted)
        assert some > 0
        answer, data = reader.feed(data[:some]), data[some:]
        assert len(reader.data) <= LONGEST
        if answer is not None:
            return answer, data
    return None, b""


def _attributes(argument: bytes) -> None:
    told = parse_xclient(argument)
    if not isinstance(told, Attributes):
        assert told.why.isprintable()
        return
    for text in (told.helo or "", *(told.names or ())):
        assert _VISIBLE.fullmatch(text)
    assert _LETTERS.fullmatch(told.login)
    assert Endpoint(told.address, max(0, told.port)) if told.address else True
    assert max(told.port, told.local_port) <= 0xFFFF
