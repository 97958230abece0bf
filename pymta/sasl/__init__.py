"""SASL: login mechanisms as little machines, response in, challenge or verdict out (RFC 4422).

    exchange      the shape of one login under way, and of whatever can serve some
    in_order      several back ends as one

It knows no sockets, no files and no clock: a back end brings what a machine has to ask.
"""
