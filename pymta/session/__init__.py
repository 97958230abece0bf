"""One connection: the SMTP dialogue, and the message into the spool.

`main` is the life of a session.  `conversation` takes
events from `pymta.smtp.server` to one module per command and brings the replies back.
"""
