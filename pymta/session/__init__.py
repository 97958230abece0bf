"""One connection: the SMTP dialogue, and the message into the spool.

`main` is the life of a session process, `worker` what it does for one connection after another,
`sessions` what all of them have in common, `rehearsal` what comes before the first.  `conversation`
takes events from `pymta.smtp.server` to one module per command (`verbs`) and brings the replies
back; `incoming` is the message under way, `ending` the last words.
"""
