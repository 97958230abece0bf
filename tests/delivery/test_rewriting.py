"""A message whose header was rewritten: kept as it came, and sent otherwise."""

from __future__ import annotations

from pymta.mail.edits import Edit
from pymta.spool.store import Seal
from tests.doubles.deliveries import Rig

BODY = b"From: <old@sender.test>\r\nTo: x\r\n\r\nold@sender.test\r\n"
AT = BODY.index(b"old")
SENT = BODY.replace(b"<old@", b"<new.name@")


def put(rig: Rig, *recipients: str) -> str:
    intake = rig.spool().begin(rig.envelope(*recipients))
    intake.write(BODY)
    edits = (Edit(AT, len("old@sender.test"), "new.name@sender.test"),)
    intake.commit(Seal(on_top=("Received: by us\r\n",), edits=edits))
    return intake.id


def test_hosts_and_homes_get_the_new_name(rig: Rig) -> None:
    sent: list[bytes] = []
    rig.after_sending = lambda: sent.append(b"".join(rig.parcels[-1].content()))
    rig.attempt(put(rig, "carol@x.example", "alice@users.example"))
    ((content,), (parcel,)) = sent, rig.parcels
    assert content.endswith(SENT)
    assert parcel.size == len(content)
    ((_, _, stored),) = rig.homes
    assert stored.endswith(SENT)
