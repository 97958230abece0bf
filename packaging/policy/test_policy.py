"""Tests of the example: `pymta policy test` runs those beside the policy file.

Each test_* has a process of its own, and a policy that nobody has asked before.
"""

from __future__ import annotations

from pymta.policy.testing import Policy, call, message, recipient, sender
from pymta.policy.v1 import Defer, Freeze, Pass, Refuse, Verdict


def _rcpt(policy: Policy, to: str, *, client: str = "192.0.2.7", number: int = 1) -> Verdict:
    return policy.rcpt(call(client), sender("a@x.example"), recipient(to, number=number))


def test_who_calls_himself_by_our_name_is_refused(policy: Policy) -> None:
    assert isinstance(policy.helo(call(helo="MX.example.org", host="mx.example.org")), Refuse)
    assert policy.helo(call(helo="client.example", host="mx.example.org")) == Pass()


def test_who_writes_to_a_mailbox_that_has_moved_hears_where_it_is(policy: Policy) -> None:
    verdict = _rcpt(policy, "Old@example.org")

    assert isinstance(verdict, Refuse)
    assert "new@example.org" in verdict.text
    assert verdict.enhanced == "5.1.6"


def test_only_our_own_people_write_to_internal_lists(policy: Policy) -> None:
    assert isinstance(_rcpt(policy, "staff@example.org"), Refuse)
    assert _rcpt(policy, "staff@example.org", client="198.51.100.20") == Pass()
    assert isinstance(_rcpt(policy, "staff@example.org", client="2001:db8::1"), Refuse)


def test_a_bounce_has_one_recipient(policy: Policy) -> None:
    first, second = (recipient(f"{name}@example.org", number=n) for n, name in ((1, "a"), (2, "b")))

    assert policy.rcpt(call(), sender(), first) == Pass()
    assert isinstance(policy.rcpt(call(), sender(), second), Refuse)


def test_many_recipients_need_tls(policy: Policy) -> None:
    many = tuple(recipient(f"{n}@example.org") for n in range(21))
    mail = (sender("a@x.example"), many, message("Subject: hello"))

    assert isinstance(policy.data(call(), *mail), Defer)
    assert policy.data(call(tls="TLS1.3:TLS_AES_256_GCM_SHA384:256"), *mail) == Pass()


def test_invoices_of_our_own_name_are_looked_at_first(policy: Policy) -> None:
    to = (recipient("a@example.org"),)
    mail = message("Subject: Your invoice 12345")

    assert policy.data(call(), sender("boss@example.org"), to, mail) == Freeze()
    assert policy.data(call(), sender("shop@example.com"), to, mail) == Pass()
