"""The part of pymta.toml(5) about smarthosts, printed from the table of their keys."""

from __future__ import annotations

from collections.abc import Callable

from pymta.config.smarthosts import OPTIONS

HEAD = r"""
.SH SMARTHOSTS
Other hosts may take mail on its way, such as that of a provider, where we log in.
Each has a table under a name of your own, behind all settings:
.PP
.nf
[smarthosts.direct]
domains = [\(dqpartner.example\(dq]

[smarthosts.provider]
hosts = [\(dqsmtp.provider.example:587\(dq]
senders = [\(dqexample.org\(dq]
login = \(dqalice\(dq
password_file = \(dqcredential:tls_provider\(dq
.fi
.PP
The first one whose
.BR senders " and " domains
both hold takes a message for that recipient; a list that is not there holds for everybody.
For many senders or domains there are
.BR senders_in " and " domains_in ,
tables as in TABLES; while one of them cannot be asked the message waits.
Where none does, the host of
.B smarthost
takes it, and without that the mail hosts of the domain.
A message that a smarthost cannot take now, or where we cannot log in, waits; it never takes another
way.
The password is read when it is used, and so is a certificate of ours, so that a new one needs no
reload; credentials come from
.IR /etc/pymta/tls ,
or from a
.B LoadCredential=
of your own in pymta.service and pymta\-queue.service.
""".lstrip()


def section(roff: Callable[[str], str]) -> str:
    lines = (f".TP\n.B {key}\n{roff(meaning)}.\n" for key, meaning in OPTIONS.items())
    return HEAD + "".join(lines)
