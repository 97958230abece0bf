"""Recipient to route: where does mail for this address go?

address_class   ours, somebody else's, or no address at all
mx              MX answers to an ordered list of hosts (RFC 5321 s5.1)
smarthost       the one host that takes everything, when it is set
ourselves       is this host, at this port, we?
router          the chain over them
route           what comes out

All of it thinks about answers that others fetched; only `here` asks the machine.
"""
