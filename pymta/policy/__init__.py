"""Yes, no, or later: verdicts over what is known of a caller, a sender, a recipient, a message.

Rules of the settings and functions of the operator's own speak the same words: facts go in, a
verdict comes out, and the session turns it into a reply and a line of the log.
"""
