from __future__ import annotations

import os
import socket

from pymta.channel.call import received
from pymta.channel.words import Serve
from pymta.mail.caller import LocalCaller, endpoint


def test_an_ipv4_caller_of_a_dual_stack_socket_has_a_socket_of_ipv6() -> None:
    """HC-01: his address is plain IPv4, but what the kernel says of the socket is not."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            sock, name = listener.accept()
            facts = Serve(endpoint(name), endpoint(sock.getsockname()), 0, family=sock.family)

            call = received(facts, os.dup(sock.fileno()))

            sock.close()
            assert str(facts.caller) == f"[127.0.0.1]:{client.getsockname()[1]}"
            assert call.sock.family is socket.AF_INET6
            assert call.sock.getpeername()[:2] == name[:2]
            call.sock.close()


def test_a_user_of_this_machine_has_a_local_socket() -> None:
    one, other = socket.socketpair()

    call = received(Serve(LocalCaller(0, 0, 1), None, 0, family=socket.AF_UNIX), one.detach())

    assert call.sock.family is socket.AF_UNIX
    call.sock.close()
    other.close()
