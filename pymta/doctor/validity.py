"""From when until when is a certificate good?  (RFC 5280 s4.1.2.5)

The standard library shows that of certificates of others only, and of our own to nobody.  It stands
near the front of the certificate, so a few elements of DER are all there is to read.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_FIRST = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _EXPLICIT_0, _UTC_TIME, _LONG_LENGTH = 0x30, 0xA0, 0x17, 0x80
_PIVOT = 50  # of the two digits of a year: 49 is 2049, 50 is 1950


@dataclass(frozen=True, slots=True)
class Validity:
    """Seconds since the epoch."""

    begin: float
    end: float


def validity(pem: bytes) -> Validity:
    """Of the first certificate in a file.  Raises ValueError when there is none that is whole."""
    first = _FIRST.search(pem)
    if not first:
        raise ValueError("no certificate")
    (_, whole), *_ = _elements(base64.b64decode(first[1]))
    (_, signed), *_ = _elements(whole)
    parts = [part for part in _elements(signed) if part[0] != _EXPLICIT_0]  # the version
    if len(parts) < 4 or parts[3][0] != _SEQUENCE:  # serial, algorithm, issuer, validity
        raise ValueError("no validity in the certificate")
    begin, end = (_time(*part) for part in _elements(parts[3][1]))
    return Validity(begin, end)


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element.  Raises ValueError."""
    while data:
        tag, length, start = data[0], *_length(data)
        if start + length > len(data):
            raise ValueError("the certificate is cut off")
        yield tag, data[start : start + length]
        data = data[start + length :]


def _length(data: bytes) -> tuple[int, int]:
    """Of the content, and where it begins."""
    if len(data) < 2:
        raise ValueError("the certificate is cut off")
    if data[1] < _LONG_LENGTH:
        return data[1], 2
    more = data[1] - _LONG_LENGTH
    return int.from_bytes(data[2 : 2 + more]), 2 + more


def _time(tag: int, content: bytes) -> float:
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        text = f"{'20' if int(text[:2]) < _PIVOT else '19'}{text}"
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()
