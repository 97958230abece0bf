"""The part of pymta.toml(5) about lines of retry_rules, with its words from the program."""

from __future__ import annotations

from pymta.mail.trouble import WORDS

_TEXT = r"""
.SH RETRY
A schedule is a row of rules, each in force until so much time has passed since the first failure:
.TP
.BI F, cutoff , interval
equal intervals;
.TP
.BI G, cutoff , first , factor
each interval longer than the last by the factor;
.TP
.BI H, cutoff , first , factor
at random between the first interval and that of
.BR G .
.PP
The first failure after the last cutoff is the end: the mail is returned.
.PP
.B retry
is the schedule for everything that
.B retry_rules
says nothing about.
Each of its lines has a pattern, a cause, perhaps
.BR senders= ,
and a schedule with \(dq;\(dq between its rules; without any, nothing is tried again:
.PP
.nf
retry_rules = [
    \(dq*.example.org   rcpt_45x         F,2h,5m; G,16h,1h,1.5; F,4d,6h\(dq,
    \(dquser@example.org quota           F,7d,6h\(dq,
    \(dq192.0.2.0/24    timeout_connect  H,4d,1h,1.5\(dq,
    \(dq*               *                senders=<> F,1d,2h\(dq,
]
.fi
.PP
The first line that fits counts.
A pattern is a domain, \(dq*.\(dq and a domain for all below it, an address, \(dq*@\(dq and a
domain, an IP address, a network, or \(dq*\(dq; it is compared with the recipient, and where a host
was asked, with its name and its address.
A cause is \(dq*\(dq, a reply to a command such as
.BR mail_451 ", " rcpt_45x " or " data_4xx
(which is also for the message itself), or one of
CAUSES;
.B timeout
is for both kinds of time\-out.
Senders are addresses, domains, or \(dq<>\(dq.
.PP
Whose time counts depends on whose fault it was.
Trouble with a host (no connection, no greeting) is that of the host: it is remembered for all mail,
the host is left alone until its next time, and once all hosts of a destination have been failing
for longer than their schedule goes on, mail for it is returned at its first try, or as
.B delay_after_cutoff
says, without one.
A host that nobody asked for a day after its time starts anew.
Trouble with a message or a recipient (4xx after MAIL, RCPT or DATA) is that of this recipient of
this message, and other mail is tried as if nothing had been.
Nobody is given up without a last try, as long as one of his hosts is still within its time.
""".lstrip()


def section() -> str:
    lines = [f".BR {word} ," for word in WORDS]
    lines[-1] = lines[-1].removesuffix(" ,") + " ;"
    return _TEXT.replace("CAUSES;", "\n".join(lines))
