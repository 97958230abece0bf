"""One message to one destination: a remote host, a mailbox of ours, or a system user.

parcel        what is sent, to whom, on whose behalf
classify      what came of it, as Delivered, Later or Never

remote        the hosts of a destination in order, until every recipient is settled
lmtp          an LMTP server, each recipient with an answer of his own
host_memory   which hosts were down lately
throttle      how much goes to one destination at once, and in a time; `seats` counts
caller        connections to hosts, kept a moment for the next message
opened        one of them, from the first octet until it waits for a message
dialogue      lead `pymta.smtp.client` over it: one host, one message
downgrade     the message made fit for a host that does not take all octets
mime_walk     its parts, while it passes by; mime_head the header of one
transfer_encoding a body in quoted-printable or base64
connect       TCP to one host, with a deadline
wire          octets to and from it, in clear or not, likewise
terms         on what terms it is spoken to
tls_need      how much TLS a message owes to a host
trust         the handshake, and what a certificate must prove
password      of a login of ours
own_certificate that we show, with its key
sts           which MTA-STS policy a domain has
sts_fetch     get one from its web server

mailboxes     the Maildirs and mbox files that pymta owns
maildir       into a Maildir, safe against a pulled plug
mbox          appended to a file, locked, and undone on failure
from_lines    the lines between messages there
line_ends     CRLF of the wire to LF of a file
to_local      to a system user, by way of the helper that may go into his home directory
hand          the same as whoever delivers sees it
local_request what is asked of that helper, and the answer
"""
