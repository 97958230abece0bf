"""A session in a process of its own, as the supervisor would fork it.

Its socket and channel are numbers of inherited descriptors.  Log lines go to standard output.  With
"crash" after the directory of the spool this raises what only a mistake of ours could raise.
"""

from __future__ import annotations

import socket
from pathlib import Path

from pymta.channel.call import Call
from pymta.channel.pair import End
from pymta.channel.words import Serve
from pymta.journal.event import Event
from pymta.mail.caller import Endpoint, plain_address
from pymta.session.main import Sessions, main
from pymta.spool.files import FileSpool
from pymta.spool.store import Spool
from tests.doubles.house import usual_settings
from tests.doubles.log import MemoryLog
from tests.doubles.memory_spool import MemorySpool


class PrintedLog(MemoryLog):
    def write(self, event: Event) -> None:
        print(event.text, flush=True)

    def descriptors(self) -> tuple[int, ...]:
        return (1,)

    def close(self) -> None:
        print("(log closed)", flush=True)


def live(sock: int, channel: int, directory: str, *how: str) -> int:
    spool: Spool = FileSpool(Path(directory))
    if how:
        spool = MemorySpool(fail_at="write", crash=RuntimeError("a mistake of ours"))
    address = plain_address("127.0.0.1")
    facts = Serve(Endpoint(address, 40112), Endpoint(address, 25), 0)
    call = Call(socket.socket(fileno=sock), facts)
    end, settings, log = End(socket.socket(fileno=channel)), usual_settings(), PrintedLog()
    return main(call, Sessions(settings, spool, log), end)
