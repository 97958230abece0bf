"""Tables of addresses that an operator keeps: a key in, and what stands there out.

table           the questions that routing asks of any table, and the answers
text            "key: value" lines, as in /etc/aliases
file            such a text in a file, read again when it has changed
owned_file      a file, when nobody but its owner says which it is
list_file       what an :include: names
address_tables  all tables of one configuration; `opened` opens them

A table that cannot be asked says so: that is never the same as nothing found.
"""
