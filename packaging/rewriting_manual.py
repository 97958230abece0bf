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
Nobody but the daemon should be able to read it; a credential comes as with
.B password_file
above.
For a new secret put it before the others, reload, and take the old one out after
.B srs_max_age
and the time that mail may wait.
Where
.B srs_domain
is not one of
.BR local_domains ,
nobody else is in it but the postmaster.
""".lstrip()


REWRITING = r"""
.SH REWRITING
Addresses can be called something else from the moment they reach us, as with Postfix: the queue,
the log, policy and the next host know the name that counts.
.PP
.nf
.RS
# a table of canonical
alice                    Alice.Smith
bob@example.net          bob@example.org
@old.example             @example.org
.RE
.fi
.PP
.BR sender_canonical ,
for senders, and
.BR recipient_canonical ,
for recipients, are asked first, then
.B canonical
for both.
.B user+tag@example.org
is looked up as it stands, then without its suffix (see
.BR local_part_suffix ;
it is kept), then, in
.BR local_domains ,
as a name without a domain, and then as
.BR @example.org .
An answer
.B @example.org
keeps the local part; one without a domain is at
.BR qualify_domain .
Each answer is asked about again, up to ten times.
One that names several addresses, or none, makes mail wait.
.PP
Then come
.BR masquerade_domains :
with
.B \(dqexample.org\(dq
in it,
.B user@host.example.org
is called
.BR user@example.org ,
but for the local parts of
.BR masquerade_exceptions .
Recipients of the envelope are never masqueraded, or mail for a host could not reach it.
.PP
Sender and recipients of the envelope are rewritten for every client.
What policy, aliases and routing see is the new name, and a report names the original recipient.
Whoever may send to an address of ours may do so, too, where the table leads to another host; to
have mail of others sent on,
.BR alias_file " and " virtual_aliases
with
.B srs_secrets
are the better place.
Where aliases and
.I .forward
files lead is not rewritten, nor are reports that we write.
.PP
Headers are rewritten in mail of users of this machine, of whoever has logged in, and of
.BR header_rewrite_hosts :
what others have written, and perhaps signed, stays theirs.
The fields are From, Sender, Reply\-To, Errors\-To, Mail\-Followup\-To, Return\-Receipt\-To and
Disposition\-Notification\-To for senders, To, Cc, Bcc and Apparently\-To for recipients, and those
that begin with Resent\-.
Only the address changes; names, comments and folds stay.
A line that would be longer than 998 octets is folded before it, and where that does not help the
address stays, as do all behind the first thousand.
The message is kept as it came, and changes when it is sent.
.PP
While a table cannot be asked, MAIL, RCPT and DATA hear 451, from users of this machine as well.
.B address_rewrite
of
.B log_selector
tells of each address of an envelope,
.B pymta explain
says what an address is called,
.B "pymta\-sendmail \-brw"
what in each place of a message.
""".lstrip()


def section() -> str:
    return REWRITING + SRS
