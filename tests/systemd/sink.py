"""A mail host at 127.0.0.1:2500 that takes everything.  Run inside a box; ends with its input.

Touches: sockets.
"""

from __future__ import annotations

import socketserver
import sys
import threading

REPLIES = {b"DATA": b"354 go on", b"QUIT": b"221 bye"}


class Host(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.say(b"220 sink")
        for line in self.rfile:
            word = line[:4].upper()
            self.say(REPLIES.get(word, b"250 ok"))
            if word == b"DATA":
                while self.rfile.readline() not in {b".\r\n", b""}:
                    pass
                self.say(b"250 taken")

    def say(self, reply: bytes) -> None:
        self.wfile.write(reply + b"\r\n")


with socketserver.ThreadingTCPServer(("127.0.0.1", 2500), Host) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    server.shutdown()
