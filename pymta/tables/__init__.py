"""Tables of addresses that an operator keeps: a key in, and what stands there out.

Settings name them in one way, `pymta.config.table_name`.

table           the questions that routing asks of any table, and the answers
text            "key: value" lines, as in /etc/aliases
regex, cidr     "/pattern/ value" and "network value" lines
entries         lines of those, put together
file            such a text in a file, read again when it has changed
question        what a database is asked, and what its rows say
sqlite, postgresql, ldap
                a database in a file, one that is a server, a directory
cut_off         an end to calls of a library that have none
owned_file      a file, when nobody but its owner says which it is
list_file       what an :include: names
srs_secrets     what SRS signs with
address_tables  all tables of one configuration; `opened` opens them

A table that cannot be asked says so: that is never the same as nothing found.
"""
