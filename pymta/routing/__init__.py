"""Recipient to route: where does mail for this address go?

address_class   ours, somebody else's, or no address at all
own             the chain for addresses of ours: aliases, users, mailboxes, or nobody
expansion       what an alias says, with all its lists
local_part      the names that a local part stands for, and the mailboxes of ours
rewriting       what addresses are called
srs             senders of ours for those of others, and the way back
target          the kinds of target that an alias or a .forward may have, and their reader
forward_file    where a system user says that his mail goes
mx              MX answers to an ordered list of hosts (RFC 5321 s5.1)
address_order   IPv6 or IPv4 first, where a host has both
smarthost       hosts that take mail for others, by sender and recipient, or everything
lmtp            the server that has the mailboxes of ours, as the settings name it
ourselves       is this host, at this port, we?
router          the chain over them
route           what comes out

All of it thinks about answers that others fetched; only `here` asks the machine.
"""
