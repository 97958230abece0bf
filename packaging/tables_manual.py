"""The part of pymta.toml(5) about tables, the keys of databases from the table of their options."""

from __future__ import annotations

from collections.abc import Callable

from pymta.config.databases import OPTIONS, TYPES

HEAD = r"""
.SH TABLES
.BR alias_file ,
.BR virtual_aliases ,
.BR virtual_mailboxes ,
.BR relay_recipients ,
.BR canonical ,
.B sender_canonical
and
.B recipient_canonical
are lists of tables: the first that has the key, or that cannot be asked, answers.
A table is named like this:
.TP
.BR \(dq/etc/pymta/virtual\(dq ", or " \(dqfile:/etc/pymta/virtual\(dq
A file in the form of
.BR pymta\-aliases (5).
.TP
.B \(dqregex:/etc/pymta/old\(dq
A file of regular expressions, see there.
.TP
.B \(dqtable:people\(dq
The database that the settings describe under this name, behind all settings:
.PP
.nf
[tables.people]
type = \(dqsqlite\(dq
file = \(dq/srv/mail/people.sqlite\(dq
query = \(dqSELECT target FROM aliases WHERE address = :key\(dq

[tables.members]
type = \(dqpostgresql\(dq
server = \(dqhost=/run/postgresql dbname=members\(dq
query = \(dqSELECT 1 FROM members WHERE mail = :key\(dq

[tables.staff]
type = \(dqldap\(dq
server = \(dqldaps://ldap.example.org\(dq
base = \(dqou=people,dc=example,dc=org\(dq
filter = \(dq(mail=:key)\(dq
attribute = \(dqmailRoutingAddress\(dq
.fi
.PP
Rules of
.B policy
ask such tables, too
.RB ( sender_in ", " recipient_in ),
so do smarthosts
.RB ( senders_in ", " domains_in );
and about clients rules ask
.RB ( client_in )
databases and
.TP
.B \(dqcidr:/etc/pymta/clients\(dq
A file of networks, each with what is said of it; the first one that an address is in counts, and
.B !
in front of one says that its addresses are not meant:
.PP
.nf
!192.0.2.7     one of ours
192.0.2.0/24   no mail from here, see https://example.org/why
.fi
.PP
A rule that has no
.B text
says what the table says.
Files are read again when they have changed.
.PP
Whatever is not a file in the form of
.BR pymta\-aliases (5)
gives addresses alone,
.BR :fail: ", " :defer: " and " :blackhole: ;
mail waits where it names a command, a file or a list.
.PP
What is looked up, in this order until something is found, is the address
.RB ( :key ),
and its parts
.RB ( :local_part " and " :domain ;
in
.B alias_file
there is no domain), then the address without its
.BR local_part_suffix ,
and at last, but for
.BR alias_file ,
.B @example.org
(without a local part); besides, for the owner of a list,
.B owner\-
with the local part behind it.
All of it is in small letters, and domains as the DNS knows them.
.PP
A table that cannot be asked, because it is away, does not answer in time or has no such column,
makes mail wait, and at RCPT the answer is 451: nobody is called unknown by it.
.B pymta table query
.I NAME KEY
shows what it says.
.PP
A database is only read.
Each process that asks one has one connection of its own to it, and makes another when that is lost,
so that a server should take as many as
.BR smtp_accept_max " and " deliver_max
together.
Type
.B postgresql
needs the Python package psycopg (on Debian python3\-psycopg),
.B ldap
python\-ldap (python3\-ldap); they are loaded only where such a table is wanted.
A file of SQLite belongs to those who may own other files of tables
.RB ( table_owners );
in WAL mode it can be read only while another program has it open, or where the daemon
may write to its directory.
PostgreSQL is told to change nothing and to end late queries by the connection option
.BR options ;
PgBouncer does not know it, and wants
.B options=\(aq\(aq
in
.BR server .
Changes in a database count at once; those of
.BI [tables. \&... ]
with a reload.
The keys of
.BI [tables. name ]
are these; where types stand before it, it is for them alone:
""".lstrip()


def section(roff: Callable[[str], str]) -> str:
    return HEAD + "".join(
        f".TP\n.B {key}\n{roff(_of(option.types))}{roff(option.meaning)}.\n"
        for key, option in OPTIONS.items()
    )


def _of(types: tuple[str, ...]) -> str:
    return "" if types == TYPES else f"({', '.join(types)}) "
