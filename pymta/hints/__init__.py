"""What we remember about other hosts, and may forget.

A hint saves a try that would fail.  It is never the only place of a fact that mail depends on:
when the store is locked, damaged or gone, the answer is "no hint", and the host is tried.
"""
