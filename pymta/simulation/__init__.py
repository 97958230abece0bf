"""The queue as it is now, played through an outage on a clock that costs no time.

The attempts are those of a delivery worker, the order is that of a queue run, and rules, limits of
time and reports are theirs: only hosts and mailboxes are made up, the spool is a copy in memory,
and nothing is sent, stored or written.
What a message says of itself is not read, so its sender is told of delay though it be of a list.

outage          which hosts are down, and when
copied_spool    what waits, in memory
play            queue run after queue run, from one moment when something is due to the next
"""
