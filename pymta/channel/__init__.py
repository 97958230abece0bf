"""The few words that the supervisor, or a queue run, exchanges with its own children.

Each child has one end of a SOCK_SEQPACKET pair, inherited over fork.  One packet is one word: a
letter and its argument in ASCII, so neither side needs a parser and no word can arrive in part.
The end of the channel is a word too: for the child it means that nobody will give it more work,
for the parent that the child has gone.

    words        what is said while both live
    reach        whom an attempt of a message is for
    call         what a session gets at its birth: one accepted connection
    selection    what a queue run gets: which messages it is for
    pair         one end of a channel
    life         how a child lives, and leaves
    heap         the memory that children share, before the first fork
    lone_thread  what no child need mend

A command that is no child asks on the control socket:

    control      what both of its sides know
"""
