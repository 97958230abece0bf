"""Calls to an SMTP port, made inside a box: `calls.py loop`, `talk HOST` or `refused`.

loop: two threads connect, read the greeting and QUIT, again and again until standard input ends;
then prints as JSON what came of it.  loop tls: on port 465, where TLS begins at once.  talk: the
lines of standard input go out, those of the other side are printed.

refused SESSIONS RECIPIENTS SECONDS: sessions, evenly over that time, each with so many recipients
that do not exist; so each leaves as many lines in the log.  Prints as JSON how many recipients were
"refused", how many sessions were "broken", and how many seconds the "slowest" greeting took.

Touches: sockets, standard input and output.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

ANSWERS_WITHIN = 20.0  # seconds


def called(*, is_tls: bool) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", 465 if is_tls else 25), ANSWERS_WITHIN)
    if not is_tls:
        return sock
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(sock, suppress_ragged_eofs=False)


def one_call(results: Counter[str], *, is_tls: bool) -> None:
    try:
        with called(is_tls=is_tls) as sock:
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


def loop(*, is_tls: bool = False) -> None:
    results: Counter[str] = Counter()
    ended = threading.Event()

    def call_on() -> None:
        while not ended.is_set():
            one_call(results, is_tls=is_tls)

    threads = [threading.Thread(target=call_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()
    print(json.dumps(results))


def refused(sessions: int, recipients: int, seconds: float) -> None:
    began = time.monotonic()

    def at_its_time(number: int) -> tuple[int, float]:
        time.sleep(max(0.0, began + seconds * number / sessions - time.monotonic()))
        return one_refused(number, recipients)

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(at_its_time, range(sessions)))
    found = {
        "refused": sum(count for count, _ in results),
        "broken": sum(count < recipients for count, _ in results),
        "slowest": max(greeting for _, greeting in results),
        "took": time.monotonic() - began,
    }
    print(json.dumps(found))


def one_refused(number: int, recipients: int) -> tuple[int, float]:
    """Recipients that were refused, and seconds until the greeting."""
    began = time.monotonic()
    waited = ANSWERS_WITHIN
    count = 0
    try:
        with socket.create_connection(("127.0.0.1", 25), ANSWERS_WITHIN) as sock:
            lines = sock.makefile("rb")
            lines.readline()
            waited = time.monotonic() - began
            sock.sendall(b"EHLO box.example\r\n")
            while lines.readline()[3:4] == b"-":
                pass
            names = (f"nobody-{number}-{n}@localhost" for n in range(recipients))
            commands = ["MAIL FROM:<>", *(f"RCPT TO:<{name}>" for name in names), "QUIT"]
            sock.sendall("".join(f"{line}\r\n" for line in commands).encode())
            count = sum(line.startswith(b"550 ") for line in lines)
    except OSError:
        pass
    return count, waited


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
    match sys.argv[1:]:
        case ["loop", *words]:
            loop(is_tls="tls" in words)
        case ["refused", sessions, recipients, seconds]:
            refused(int(sessions), int(recipients), float(seconds))
        case ["talk", host]:
            talk(host)
