"""How much TLS a host gets from us, in the words of settings.

    none                     in clear, whatever the host offers
    may                      TLS where it can be had, with whatever certificate
    auto                     the same, and more where the domain has published that it wants more:
                             TLSA records (DANE, RFC 7672), or else a policy (MTA-STS, RFC 8461)
    encrypt                  TLS, or mail waits; with whatever certificate
    verify                   TLS with a certificate that proves the name of the host; where the DNS
                             says who the hosts are, its answer must have been signed
    verify NAME…             the same, with one of these names; "*.example.net" stands for those
                             below it, as far as they are names of hosts
    dane-only                TLS with a certificate that TLSA records vouch for, or mail waits

A word for everybody, or a table of words keyed by domain; the entry that is closest wins:

    remote_tls = "encrypt"
    remote_tls = { "example.org" = "verify", "*.example.net" = "dane-only", "*" = "auto" }
"""

from __future__ import annotations

from functools import cache
from ipaddress import ip_address

from pymta.config.addresses import is_host_name
from pymta.config.keyed import read_table
from pymta.config.per_domain import closest, key_of_pattern
from pymta.dataclass import dataclass

NONE, MAY, AUTO, ENCRYPT = "none", "may", "auto", "encrypt"
VERIFY, DANE_ONLY = "verify", "dane-only"
WORDS = (NONE, MAY, AUTO, ENCRYPT, VERIFY, DANE_ONLY)

RemoteTls = str | dict[str, str]

_WANTED = (
    'want "none", "may", "auto", "encrypt", "verify", "verify mx.example.org *.example.net" or'
    ' "dane-only"'
)
_FAMILIAR = {  # to who comes from another program
    "dane": 'want "auto", or "dane-only" where mail must wait for TLSA records',
    "secure": 'want "verify", or "verify NAME" with names that the certificate may have',
    "fingerprint": 'want "dane-only" and TLSA records, or "verify"',
}


@dataclass(frozen=True, slots=True)
class TlsWish:
    """One entry.  `names` come with VERIFY only, in small letters."""

    word: str
    names: tuple[str, ...] = ()


@cache
def parse_tls(text: str) -> TlsWish:
    """Raises ValueError with the words for the operator."""
    word, *names = text.split()[:100] or [""]
    if word not in WORDS:
        raise ValueError(_FAMILIAR.get(word, _WANTED))
    if names and word != VERIFY:
        raise ValueError(f'names stand with "verify" only; {_WANTED}')
    for name in names:
        if not is_host_name(name.removeprefix("*.")):
            raise ValueError(f'"{name}" is no name of a host; {_WANTED}')
    return TlsWish(word, tuple(name.lower() for name in names))


@dataclass(frozen=True, slots=True)
class TlsPerDomain:
    """Marks a setting of this kind.  See `pymta.config.units`."""

    def read(self, value: object) -> object:
        if not isinstance(value, dict):
            return self._one(value)
        return read_table(value, _key, self._one)

    @staticmethod
    def _one(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(_WANTED)  # noqa: TRY004 - the words for the operator
        parse_tls(value)
        return value


def entry_for(setting: RemoteTls, domain: str) -> tuple[str, str]:
    """Key and text of the entry for a domain, for a host named by a setting, or for an address in
    brackets; ("", …) where one word is for all.
    """
    if isinstance(setting, str):
        return "", setting
    key = closest(setting, domain)
    return key, setting.get(key, AUTO)


def _key(text: str) -> str:
    bare = text.strip()
    if _is_literal(bare):
        return bare
    if (key := key_of_pattern(bare)) is None:
        raise ValueError(
            'want a domain such as "example.org", "*.example.org" for those below it, the name of'
            ' a smarthost, an address in brackets, or "*" for all others'
        )
    return key


def _is_literal(text: str) -> bool:
    if text[:1] != "[" or text[-1:] != "]":
        return False
    try:
        ip_address(text[1:-1])
    except ValueError:
        return False
    return True
