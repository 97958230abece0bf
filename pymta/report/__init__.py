"""Mail that we write ourselves: today the bounce, which returns a message to its sender.

failure     what is told about one recipient, and how the journal of a message keeps it
wording     the part that people read
dsn         the whole report (RFC 3464 in RFC 6522)
headers     of the message that is returned: as much as goes into a report
"""
