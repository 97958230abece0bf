"""The DNS outside: a question with a deadline, and an answer that says what it is.

answer      the four things that a question can come to
query       ask; the only importer of dnspython
no_features dnspython, of which we want less than it has
"""

from pymta.resolver import no_features as no_features  # first of all
