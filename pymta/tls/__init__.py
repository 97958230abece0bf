"""TLS: the certificate that we show, and encrypted octets where plain ones were.

    certificates  ours, and which of them a client gets to see
    which         the rule for that
    leaf          what stands in one of them
    mta_sts       what a domain says of its mail hosts in a file on a web server
    dane          what a TLSA record says of one that another server shows
    self_signed   one of our own making, for the terminal
    watched       have their files changed
    expiry        are they good, and for how long
    facts         what both sides agreed on, as the log and the Received field tell it
    asks          is the client to show one
    peer          whom that names
    cipher_name   the registered name of a cipher that OpenSSL calls by another
    credentials   certificate and key from their files, or which file is wrong and why
    trouble       what OpenSSL says when it will not go on
    context       what all connections of one generation have in common
    layer         one connection: octets of the wire in, octets of SMTP out, and back
    client        the same towards another host, over its socket

It knows no settings and no sockets.
"""
