"""The part of pymta.toml(5) about addresses that change on their way."""

from __future__ import annotations

SRS = r"""
.SH SRS
What an alias or a
.I .forward
sends on to another host would come from a host that the domain of its sender has not named (SPF),
and may be refused there.
With
.BR srs_secrets ,
such mail gets a sender of ours that stands for the other one (the Sender Rewriting Scheme), and
reports to it go back to whose mail it was:
.PP
.nf
alice@example.com
SRS0=UoEz=JQ=example.com=alice@we.example
.fi
.PP
The null sender stays, and so do senders in
.BR local_domains " and " virtual_domains ;
so does every sender towards the hosts of
.BR relay_to_domains ,
and a list with an owner has that one.
An address that would be longer than 256 octets is not made.
In the queue and in reports of ours the message keeps its own sender;
.B return_path_on_delivery
shows the other one.
.PP
Such an address takes mail with the null sender alone, and not after
.BR srs_max_age ;
anything else hears 550 with the reason, so that nobody sends mail through us with it.
While the secrets cannot be read, reports hear 451 and what is to be sent on waits.
.PP
A file of secrets has one in each line, such as
.B "openssl rand \-base64 24"
prints it; that of postsrsd will do, and addresses that it or libsrs2 has made stay good, under
their domain as
.BR srs_domain .
Nobody but the daemon should be able to read it.
For a new secret put it before the others, reload, and take the old one out after
.B srs_max_age
and the time that mail may wait.
Where
.B srs_domain
is not one of
.BR local_domains ,
nobody else is in it but the postmaster.
""".lstrip()


def section() -> str:
    return SRS
