"""One message to one destination: a remote host, a mailbox of ours, or a system user.

password      of a login of ours
tls_need      how much TLS a message owes to a host
sts           which MTA-STS policy a domain has
sts_fetch     get one from its web server
parcel        what is sent, to whom, on whose behalf
classify      what came of it, as Delivered, Later or Never
connect       TCP to one host, with a deadline
dialogue      lead `pymta.smtp.client` over a socket: one host, one message
remote        the hosts of a destination in order, until every recipient is settled
host_memory   which hosts were down lately
lmtp          an LMTP server, each recipient with an answer of his own
mbox          appended to a file, locked, and undone on failure
from_lines    the lines between messages there
maildir       into a Maildir, safe against a pulled plug
mailboxes     the Maildirs and mbox files that pymta owns
to_local      to a system user, by way of the helper that may go into his home directory
local_request what is asked of that helper, and the answer
line_ends     CRLF of the wire to LF of a file
"""
