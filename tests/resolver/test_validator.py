"""Signed answers by way of a real validating resolver (Knot DNS signs, Unbound validates)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pymta.config.routing import Routing
from pymta.resolver.answer import Failed, Found, Mx, NoSuchDomain, Nothing
from pymta.resolver.query import Resolver
from pymta.tls.dane import Tlsa
from tests.doubles.validator import validator

HOSTS = """\
@ MX 10 mx
mx A 192.0.2.1
mx AAAA 2001:db8::1
alias CNAME mx
strange CNAME mx.plain.test.
_25._tcp.mx TLSA 3 1 1 {digest}
""".format(digest="ab" * 32)


@pytest.fixture(scope="module")
def resolver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resolver]:
    zones = dict.fromkeys(("signed.test", "plain.test", "forged.test"), HOSTS)
    parts = {name: {name: zones[name]} for name in zones}
    directory = tmp_path_factory.mktemp("validator")
    with validator(
        directory, parts["signed.test"], parts["plain.test"], parts["forged.test"]
    ) as server:
        yield Resolver(Routing(dns_servers=(server.address,), dns_timeout=10))


def test_what_is_signed_is_known_to_be(resolver: Resolver) -> None:
    assert resolver.mx("signed.test") == Found((Mx(10, "mx.signed.test"),), True)
    found = resolver.addresses("mx.signed.test")
    assert isinstance(found, Found)
    assert found.is_secure
    assert resolver.tlsa("mx.signed.test", 25) == Found((Tlsa(3, 1, 1, b"\xab" * 32),), True)
    alias = resolver.addresses("alias.signed.test")
    assert isinstance(alias, Found)
    assert (alias.is_secure, alias.name) == (True, "mx.signed.test")


def test_what_is_not_signed_is_known_not_to_be(resolver: Resolver) -> None:
    assert resolver.mx("plain.test") == Found((Mx(10, "mx.plain.test"),))
    found = resolver.tlsa("mx.plain.test", 25)
    assert isinstance(found, Found)
    assert not found.is_secure
    strange = resolver.addresses("strange.signed.test")
    assert isinstance(strange, Found)
    assert not strange.is_secure


def test_what_was_forged_is_no_answer(resolver: Resolver) -> None:
    assert isinstance(resolver.mx("forged.test"), Failed)
    assert isinstance(resolver.tlsa("mx.forged.test", 25), Failed)


def test_what_is_not_there_is_told_as_ever(resolver: Resolver) -> None:
    assert resolver.tlsa("mx.signed.test", 26) == NoSuchDomain()
    assert resolver.mx("mx.signed.test") == Nothing()
