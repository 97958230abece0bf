"""What a session knows, in the words of policy."""

from __future__ import annotations

from pymta.mail.caller import Endpoint, LocalCaller
from pymta.policy.facts import Call
from pymta.session.recipient_verdict import is_trusted
from pymta.session.visit import Visit


def call_facts(visit: Visit, helo: str = "") -> Call:
    """`helo` where it is just being said."""
    caller, local = visit.caller, visit.local
    is_local = isinstance(caller, LocalCaller)
    return Call(
        address=visit.address,
        port=caller.port if isinstance(caller, Endpoint) else 0,
        local_address=local.address if local else None,
        local_port=local.port if local else 0,
        role=visit.role,
        host=visit.host,
        user=visit.origin.ident if is_local else "",
        name=visit.name,
        ident="" if is_local else visit.ident,
        helo=helo or visit.helo,
        protocol=visit.protocol,
        tls=visit.tls.text if visit.tls else "",
        account=visit.account,
        is_trusted=is_trusted(visit.address, visit.settings),
        connections=visit.others + 1,
        mails=visit.mails,
        messages=visit.accepted,
        recipients=visit.recipients,
        id=visit.id,
        certified=visit.certified,
    )
