"""The way to the home directory of one system user after another, for one message."""

from __future__ import annotations

from typing import Protocol

from pymta.transport.classify import Outcome
from pymta.transport.local_request import Deed, Forward, Nothing


class Hand(Protocol):
    """Account, recipient, what to do, and the item of it.

    The answer is Forward or Nothing only to what asks for it.
    """

    def __call__(
        self, account: str, recipient: str, deed: Deed, item: str = "", /
    ) -> Outcome | Forward | Nothing: ...
