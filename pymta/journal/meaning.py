"""What a kind of event means to an operator.

In a text ``@PYMTA_CLIENT@`` stands for that field of the entry, so it may name only what each has.
"""

from __future__ import annotations

from pymta.dataclass import dataclass

CALLER = (
    "CLIENT CLIENT_PORT PEER_UID PEER_PID SESSION_ID HELO CLIENT_NAME IDENT TLS TLS_PEER TLS_SNI"
    " PROXY PROXY_PORT MECHANISM ACCOUNT"
)
WAY = "QUEUE ROUTER TRANSPORT HOST HOST_ADDRESS HOST_PORT LOCAL_ADDRESS LOCAL_PORT"
TALK = "TLS TLS_PROOF MECHANISM"  # with a remote host
LEG = f"QUEUE_ID SENDER RECIPIENT ORIGINAL_RECIPIENT {WAY} DELIVER_TIME"


@dataclass(frozen=True, slots=True)
class Meaning:
    """`options` govern whether it happens, `selectors` whether its line is written.

    `fields` are those of its entries, beside those of all; the three are words with blanks between.
    """

    subject: str
    text: str
    fields: str = ""
    options: str = ""
    selectors: str = ""
