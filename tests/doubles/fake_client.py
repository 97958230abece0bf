"""One session of `pymta probe-session`, and what it came to.

Touches: disk.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from pymta.cli.fake_session import fake_call, hold, places_in, read_files

SETTINGS = """\
primary_hostname = "mx.pymta.test"
local_parts = [
    "user",
    "alice",
]
relay_from_hosts = ["127.0.0.0/8", "192.0.2.0/24"]
message_size_limit = { "192.0.2.0/24" = "10K", "*" = "1M" }
smtp_accept_max_per_host = { "192.0.2.7" = 3 }
host_reject_connection = ["!192.0.2.7",
                          "198.51.100.0/24"]
"""


class Heard:
    """What one fake session came to."""

    def __init__(self, file: Path, caller: str, *lines: str, **how: str | bool | int) -> None:
        settings = read_files(file)
        sink, remarks = BytesIO(), list[str]()
        said = "".join(f"{line}\n" for line in lines).encode()
        self.status = hold(
            fake_call(caller, **how),  # type: ignore[arg-type]
            settings,
            places_in(settings),
            source=BytesIO(said),
            sink=sink,
            say=remarks.append,
        )
        self.replies = sink.getvalue().decode().split("\r\n")[:-1]
        self.why = [text.removeprefix(">>> ") for text in remarks if text.startswith(">>> ")]
        self.log = [text.removeprefix("LOG: ") for text in remarks if text.startswith("LOG: ")]
