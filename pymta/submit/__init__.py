"""sendmail(1): one message of a user of this machine, from standard input to the local socket.

This is started for every single mail that a machine writes, by users without any privilege, so it
loads almost nothing: no `dataclasses`, `re`, `enum`, `typing` or `socket`, each of which costs more
than all the rest here.  Hence values are plain classes with `__slots__`, and octets are looked at
with methods of `bytes`; a test holds it.

    options      what the words of the command line ask for
    header       the header: who is to get the message, what is left out, completed and added
    lines        lines of any kind to lines with CRLF; the dot that ends a message
    replies      what the server said, and which exit status that is
    store        the message while nobody has taken it
    dialogue     one attempt to hand it over
    caller       whose mail it is, by the list of accounts
    chunk_watch  is a client in the middle of a chunk?
    pass_on      -bs: standard input and output are a client of the server themselves
    main         the life of the process: read, try, try again, say what came of it
"""
