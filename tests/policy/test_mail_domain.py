"""Does a domain take mail?"""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from pymta.mail.caller import Address
from pymta.policy.mail_domain import Standing, standing
from pymta.resolver.answer import Answer, Failed, Found, Mx, NoSuchDomain, Nothing

SILENT = Failed("name servers did not answer in time")
AN_ADDRESS: Answer[Address] = Found((ip_address("192.0.2.1"),))


@pytest.mark.parametrize(
    ("mx", "addresses", "found"),
    [
        (Found((Mx(10, "mx.example"),)), None, Standing.YES),
        (Found((Mx(0, ""),)), None, Standing.NO_MAIL),  # RFC 7505
        (Found((Mx(0, ""), Mx(10, "mx.example"))), None, Standing.YES),
        (NoSuchDomain(), None, Standing.NO_DOMAIN),
        (SILENT, None, Standing.UNKNOWN),
        (Nothing(), AN_ADDRESS, Standing.YES),  # the implicit MX, RFC 5321 s5.1
        (Nothing(), Nothing(), Standing.NOWHERE),
        (Nothing(), SILENT, Standing.UNKNOWN),
    ],
)
def test_a_domain_takes_mail_when_mail_could_be_sent_there(
    mx: Answer[Mx], addresses: Answer[Address] | None, found: Standing
) -> None:
    def asked(_: str) -> Answer[Address]:
        assert addresses is not None, "nobody need ask"
        return addresses

    assert standing("example.org", lambda _: mx, asked) is found
