"""The small helper that runs as root: a child for each delivery, which becomes the user first.

main            the process: who may ask, what is asked, a child for it
rota            whose turn it is: bounds for all and for each account, and what hangs
errand          one delivery, in the child: look up, become, store, answer
identity        groups, group, user, in this order, each looked at afterwards
home            the work in a home directory: .forward, Maildir
root_settings   its few settings, from files that only root could write

The parent never opens a file of a user and never waits; everything that may hang or be hostile
happens in a child that has become the user and ends by itself after a time.  Later ways to deliver
(a mailbox file, a command) are further words of the same request (`pymta.transport.local_request`).
"""
