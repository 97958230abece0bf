"""The SMTP protocol, both ends: bytes in, events and bytes out.  No socket is ever seen here.

lines, command, parameters      the server's reader, from bytes to one command
states, extensions, server      what may follow what, what we offer, one connection of it all
body, chunks                    the message behind DATA, where it ends, dots taken off; that of BDAT
newlines                        line ends made proper, for either side
replies, client, stuffing       the other side: read replies, lead a dialogue, put dots on
"""
