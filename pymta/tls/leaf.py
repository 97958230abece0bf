"""What stands in a certificate, as far as we must know it (RFC 5280 s4.1).

The standard library tells that of certificates only that others have shown and that it has found
good.  So the few elements of DER that matter are read here: from when until when it is good, which
names it covers, its public key, and the hash by which a login is bound to it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address

from pymta.dataclass import dataclass

_FIRST = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _EXPLICIT_0, _EXPLICIT_3, _UTC_TIME, _LONG_LENGTH = 0x30, 0xA0, 0xA3, 0x17, 0x80
_OCTETS, _DNS, _ADDRESS = 0x04, 0x82, 0x87
_TIME = re.compile(r"[0-9]{14}Z")  # RFC 5280 s4.1.2.5
_PIVOT = 50  # of the two digits of a year: 49 is 2049, 50 is 1950
_ALTERNATIVE_NAMES = bytes.fromhex("551d11")  # 2.5.29.17

# By the object identifier of the signature.  RFC 5929 s4.1 has SHA-256 in place of MD5 and SHA-1,
# and nothing for signatures that have no hash of their own, such as Ed25519.
_HASHES = {
    "2a864886f70d010104": "sha256",  # md5WithRSA
    "2a864886f70d010105": "sha256",  # sha1WithRSA
    "2a864886f70d01010e": "sha224",
    "2a864886f70d01010b": "sha256",
    "2a864886f70d01010c": "sha384",
    "2a864886f70d01010d": "sha512",
    "2a8648ce3d0401": "sha256",  # ecdsa-with-SHA1
    "2a8648ce3d040301": "sha224",
    "2a8648ce3d040302": "sha256",
    "2a8648ce3d040303": "sha384",
    "2a8648ce3d040304": "sha512",
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """`begin` and `end` in seconds since the epoch; `names` in small letters, addresses as text.

    `end_point` is the binding tls-server-end-point (RFC 5929 s4), b"" where there is none.
    """

    begin: float
    end: float
    names: tuple[str, ...] = ()
    end_point: bytes = b""

    def covers(self, name: str) -> bool:
        """RFC 9525 s6.3: "*" stands for one whole label, the first."""
        name = name.lower()
        return name in self.names or f"*.{name.partition('.')[2]}" in self.names


def leaf(pem: bytes) -> Leaf:
    """Of the first certificate in a file.  Raises ValueError when there is none that is whole."""
    first = _FIRST.search(pem)
    if not first:
        raise ValueError("no certificate")
    return leaf_of(base64.b64decode(first[1]))


def leaf_of(der: bytes) -> Leaf:
    """The same of one in DER form.  Raises ValueError."""
    (_, whole), *_ = _elements(der)
    (_, signed), (_, algorithm), *_ = _elements(whole)
    parts = [part for part in _elements(signed) if part[0] != _EXPLICIT_0]  # the version
    if len(parts) < 4 or parts[3][0] != _SEQUENCE:  # serial, algorithm, issuer, validity
        raise ValueError("no validity in the certificate")
    begin, end = (_time(*part) for part in _elements(parts[3][1]))
    (_, identifier), *_ = _elements(algorithm)
    name = _HASHES.get(identifier.hex(), "")
    end_point = hashlib.new(name, der).digest() if name else b""
    return Leaf(begin, end, tuple(_names(parts)), end_point)


def public_key(der: bytes) -> bytes:
    """The SubjectPublicKeyInfo of a certificate, as it stands in it.  Raises ValueError."""
    (_, whole), *_ = _elements(der)
    (_, signed), *_ = _elements(whole)
    parts = [part for part in _whole_elements(signed) if part[0] != _EXPLICIT_0]
    if len(parts) < 6 or parts[5][0] != _SEQUENCE:  # …, validity, subject, public key
        raise ValueError("no public key in the certificate")
    return parts[5]


def _names(parts: list[tuple[int, bytes]]) -> Iterator[str]:
    """RFC 5280 s4.2.1.6"""
    for _, extensions in (part for part in parts if part[0] == _EXPLICIT_3):
        (_, each), *_ = _elements(extensions)
        for _, extension in _elements(each):
            (_, identifier), *rest = _elements(extension)
            for tag, value in rest:
                if identifier == _ALTERNATIVE_NAMES and tag == _OCTETS:
                    (_, names), *_ = _elements(value)
                    yield from _general_names(names)


def _general_names(data: bytes) -> Iterator[str]:
    for tag, content in _elements(data):
        if tag == _DNS:
            yield content.decode("ascii", "replace").lower()
        elif tag == _ADDRESS and len(content) in {4, 16}:
            yield str(ip_address(content))


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element.  Raises ValueError."""
    for element in _whole_elements(data):
        _, start = _length(element)
        yield element[0], element[start:]


def _whole_elements(data: bytes) -> Iterator[bytes]:
    """Each with tag and length in front.  Raises ValueError."""
    while data:
        length, start = _length(data)
        if start + length > len(data):
            raise ValueError("the certificate is cut off")
        yield data[: start + length]
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
    if not _TIME.fullmatch(text):
        raise ValueError("the certificate has a time that is none")
    # Not by strptime, which loads a module when it is first used: too late for who became another.
    month, day, hour, minute, second = (int(text[n : n + 2]) for n in range(4, 14, 2))
    return datetime(int(text[:4]), month, day, hour, minute, second, tzinfo=UTC).timestamp()
