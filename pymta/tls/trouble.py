"""What OpenSSL says when it will not go on, in words for a log.

Touches: OpenSSL.
"""

from __future__ import annotations

import ssl


class TlsError(Exception):
    """The other side does not speak TLS, not one that we speak, or what it sent was tampered with.

    The argument says which, in OpenSSL's words.
    """


def why(error: ssl.SSLError) -> str:
    if error.reason == "CALLBACK_FAILED":  # ours cannot, but for what comes before it
        return "the name that it asks for is not ASCII"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    return error.reason.lower().replace("_", " ") if error.reason else str(error)
