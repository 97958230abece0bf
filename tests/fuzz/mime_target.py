"""A message for a host that does not take it as it is."""

from __future__ import annotations

from pymta.transport.downgrade import UnfitError, converted, plan


def downgrade(data: bytes) -> None:
    """The first octet says in which cuts the rest comes, and whether 8 bits are taken.

    It is refused, or converted to one that need not be converted again.
    """
    step, rest = (data[0] // 2 or 1, data[1:]) if data else (1, b"")
    takes_eight_bit = bool(data) and data[0] % 2 == 1
    found = _sent(rest, step, takes_eight_bit)
    assert found == _sent(rest, len(rest) or 1, takes_eight_bit)
    if isinstance(found, bytes):
        assert takes_eight_bit or found.isascii()
        assert _sent(found, len(found) or 1, takes_eight_bit) == found


def _sent(message: bytes, step: int, takes_eight_bit: bool) -> bytes | str:
    blocks = [message[at : at + step] for at in range(0, len(message), step)]
    try:
        made = plan(blocks, takes_eight_bit=takes_eight_bit)
    except UnfitError as unfit:
        return unfit.reply.enhanced
    return b"".join(converted(blocks, made))
