"""Calls to an SMTP port, made inside a box: `calls.py loop` and `calls.py talk HOST`.

loop: two threads connect, read the greeting and QUIT, again and again until standard input ends;
then prints as JSON what came of it.  talk: the lines of standard input go out, those of the other
side are printed.

Touches: sockets, standard input and output.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections import Counter

ANSWERS_WITHIN = 20.0  # seconds


def one_call(results: Counter[str]) -> None:
    try:
        with socket.create_connection(("127.0.0.1", 25), ANSWERS_WITHIN) as sock:
            lines = sock.makefile("rb")
            greeting = lines.readline()
            sock.sendall(b"QUIT\r\n")
            farewell = lines.readline()
    except ConnectionRefusedError:
        results["refused"] += 1
    except OSError:
        results["broken"] += 1
    else:
        is_whole = greeting.startswith(b"220 ") and farewell.startswith(b"221 ")
        results["served" if is_whole else "cut short"] += 1


def loop() -> None:
    results: Counter[str] = Counter()
    ended = threading.Event()

    def call_on() -> None:
        while not ended.is_set():
            one_call(results)

    threads = [threading.Thread(target=call_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()
    print(json.dumps(results))


def talk(host: str) -> None:
    with socket.create_connection((host, 25), ANSWERS_WITHIN) as sock:
        sock.settimeout(None)
        reader = threading.Thread(target=print_lines, args=(sock,))
        reader.start()
        for line in sys.stdin:
            sock.sendall(line.rstrip("\n").encode() + b"\r\n")
        sock.shutdown(socket.SHUT_WR)
        reader.join()


def print_lines(sock: socket.socket) -> None:
    for line in sock.makefile("r", encoding="ascii", errors="backslashreplace"):
        print(line, end="", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "loop":
        loop()
    else:
        talk(sys.argv[2])
