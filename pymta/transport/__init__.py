"""One message to one destination: a remote host, or a Maildir.

parcel        what is sent, to whom, on whose behalf
classify      what came of it, as Delivered, Later or Never
connect       TCP to one host, with a deadline
dialogue      lead `pymta.smtp.client` over a socket: one host, one message
remote        the hosts of a destination in order, until every recipient is settled
host_memory   which hosts were down lately
maildir       into a mailbox of ours, safe against a pulled plug
line_ends     CRLF of the wire to LF of a file
"""
