"""What a sender is told of a recipient who has not got the message yet, and which are not told.

The line of the journal has the form of a failure (`pymta.report.failure`), with a status that
begins with 4 (RFC 3464 s2.3.4).
"""

from __future__ import annotations

import re
from dataclasses import replace

from pymta.mail.header_fields import FieldCollector
from pymta.report.failure import Failure, parse_failure

NO_ANSWER = "4.4.1"  # RFC 3463 s3.5: no answer from host
UNKNOWN = "4.0.0"
_ENHANCED = re.compile(r"[245][0-9][0-9] (4\.[0-9]{1,3}\.[0-9]{1,3})(?: .*)?")
_OF_A_LIST = {"list-id", "list-post", "list-subscribe"}
_BULK = re.compile(r"\s*(?:bulk|list|junk)\b", re.IGNORECASE)


def delay(why: str) -> Failure:
    """`why` is the last reason for which somebody was put off, as the journal keeps it."""
    found = parse_failure(f"{UNKNOWN} {why}")
    said = _ENHANCED.match(found.reply)
    if said:
        return replace(found, status=said[1])
    return replace(found, status=NO_ANSWER) if found.host and not found.reply else found


def is_automatic(header: bytes) -> bool:
    """Was it sent by a program or a mailing list, which has no use for news of delay?

    The classic condition, with all of RFC 3834 s5.
    """
    collector = FieldCollector()
    collector.feed(header + b"\r\n")
    return any(_says_so(field.name.lower(), field.text) for field in collector.fields())


def _says_so(name: str, text: str) -> bool:
    if name == "auto-submitted":
        return text.partition(";")[0].strip().lower() != "no"
    return name in _OF_A_LIST or (name == "precedence" and _BULK.match(text) is not None)
