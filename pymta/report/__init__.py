"""Mail that we write ourselves: reports to a sender about what became of his message.

failure     what is told about one recipient who will not have it, and how its journal keeps it
delay       what is told about one who has not got it yet, and of which messages nothing is
told        what is told about any recipient
wording     the part that people read
returned    how much of the message goes back
mime        parts of a message, put together
dsn         the whole report (RFC 3464 in RFC 6522)
headers     of the message that is returned: as much as goes into a report
"""
