"""The small helper that runs as root: a child for each delivery, which becomes the user first.

main            the process: who may ask, what is asked, a child for it
rota            whose turn it is: bounds for all and for each account, and what hangs
errand          one delivery, in the child: look up, become, store, answer
identity        groups, group, user, in this order, each looked at afterwards
rehearsal       deliveries to nobody, before the first fork
task            that delivery, as the child has it in hand
home            the work in a home directory: .forward, Maildir; and the mbox in the spool directory
items           commands and files that a .forward or an alias names: found again, then done
command         run one, with the message on its standard input
orphans         what it leaves running in a session of its own
root_settings   its few settings, from files that only root could write

The parent never opens a file of a user and never waits; everything that may hang or be hostile
happens in a child that has become the user and ends by itself after a time.
"""

from pymta.channel import lone_thread as lone_thread  # first of all
