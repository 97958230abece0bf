"""SASL: login mechanisms as little machines, response in, challenge or verdict out (RFC 4422).

    exchange        the shape of one login under way, and of whatever can serve some
    prepare         names and passwords in the form in which they are compared
    plain           PLAIN and LOGIN: the client says its password
    scram           SCRAM-SHA-256 and -PLUS: the client proves that it has one
    scram_message   what a client says in it
    verifier        what is kept of a password for that
    external        EXTERNAL: the certificate has spoken
    client          our own logins at other servers
    in_order        several back ends as one

It knows no sockets, no files and no clock: a back end brings what a machine has to ask.
"""
