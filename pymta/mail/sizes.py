"""The limits of RFC 5321 s4.5.3.1, in octets, and where we allow more.

The standard gives what everybody must be able to take.  Where a number here is larger, that is
because extensions lengthen the thing (parameters of MAIL) or because others are known to send
more (replies); it is still a bound, so that nobody can make us hold an endless line.
"""

from __future__ import annotations

LOCAL_PART = 64  # s4.5.3.1.1
DOMAIN = 255  # s4.5.3.1.2
PATH = 256  # s4.5.3.1.3, both angle brackets included

# s4.5.3.1.4 says 512 and each extension adds its own part (RFC 1870, RFC 6152, RFC 3461).
COMMAND_LINE = 2048

# A login: the command with its initial response, and every line that answers us (RFC 4954 s4).
AUTH_LINE = 12_288

# What we read from other servers.  Long policy texts with links do occur.
REPLY_LINE_READ = 4096
REPLY_LINES_READ = 256
REPLY_READ = 65_536

HEADER = 1 << 20  # all header fields of one message together
