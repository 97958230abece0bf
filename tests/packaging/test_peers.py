"""The counterparts other tests rely on are real and answer."""

from __future__ import annotations

from pathlib import Path

import dns.message
import dns.query
import pytest

from tests.doubles import peers


def test_smtp_source_reaches_smtp_sink_and_the_messages_are_files(tmp_path: Path) -> None:
    with peers.smtp_sink(tmp_path / "sink") as sink:
        to = ("-f", "a@example.org", "-t", "b@example.net", f"127.0.0.1:{sink.port}")
        assert peers.run("smtp-source", "-m", "3", *to).returncode == 0
        assert len(sink.messages()) == 3
    assert b"<b@example.net>" in sink.messages()[0]


def test_a_sink_that_is_down_can_come_up_on_the_same_port(tmp_path: Path) -> None:
    with peers.smtp_sink(tmp_path / "sink") as first:
        pass
    server = ("--server", f"127.0.0.1:{first.port}", "--to", "b@example.net", "--suppress-data")
    assert peers.run("swaks", *server).returncode != 0
    with peers.smtp_sink(tmp_path / "sink", port=first.port):
        answer = peers.run("swaks", *server)
        assert answer.returncode == 0, answer.stdout


def test_the_name_server_answers_from_the_zones_it_was_given(tmp_path: Path) -> None:
    zones = {"example.org": "@ MX 10 mx\nmx A 127.0.0.2", "example.net": "@ MX 0 ."}
    with peers.name_server(tmp_path, zones) as server:
        question = dns.message.make_query("example.org", "MX")
        for ask in (dns.query.udp, dns.query.tcp):
            answer = ask(question, "127.0.0.1", port=server.port, timeout=5)
            assert answer.answer[0].to_text() == "example.org. 60 IN MX 10 mx.example.org."


def test_a_program_that_is_missing_says_how_to_get_it() -> None:
    with pytest.raises(FileNotFoundError, match="packaging/dev test"):
        peers.program("no-such-peer")
