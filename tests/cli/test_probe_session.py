"""`pymta probe-session` and the classic `-bh`: what a client would hear, and why."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pymta.cli.app import run
from pymta.config.complaints import ConfigError
from pymta.session.patience import Patience
from tests.doubles import warm
from tests.doubles.daemon import daemon
from tests.doubles.fake_client import SETTINGS, Heard
from tests.doubles.ways_in import let_others_in, readable

NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pymta.toml"
    path.write_text(SETTINGS)
    return path


def test_every_answer_names_the_line_that_gave_it(file: Path) -> None:
    heard = Heard(
        file,
        "192.0.2.7",
        "EHLO client.test",
        "MAIL FROM:<a@client.test>",
        "RCPT TO:<alice@mx.pymta.test>",
        "RCPT TO:<nobody@mx.pymta.test>",
        "RCPT TO:<x@far.test>",
        "QUIT",
    )

    assert heard.status == 0
    for expected in (
        f"message_size_limit: [192.0.2.7]: 10240 octets ({file}:7)",
        f"smtp_accept_max_per_host: [192.0.2.7]: 3 connections ({file}:8)",
        f"host_reject_connection: [192.0.2.7]: not in it ({file}:9)",
        "hosts_require_helo: [192.0.2.7]: in it (default)",
        "local_domains: mx.pymta.test: in it (default)",
        f"local_parts: alice: a mailbox ({file}:4)",
        f"local_parts: nobody: Unknown user ({file}:2)",
        "relay_to_domains: far.test: not in it (default)",
        f"relay_from_hosts: [192.0.2.7]: may send anywhere ({file}:6)",
    ):
        assert expected in heard.why, heard.why
    assert [reply[:3] for reply in heard.replies[-5:]] == ["250", "250", "550", "250", "221"]
    assert any("rejected RCPT <nobody@mx.pymta.test>: Unknown user" in text for text in heard.log)


def test_a_drop_in_that_decides_is_the_place(file: Path) -> None:
    drop_in = Path(f"{file}.d")
    drop_in.mkdir()
    (drop_in / "10.toml").write_text('\nrelay_from_hosts = [\n"127.0.0.1"]\n')

    lines = ("HELO c.test", "MAIL FROM:<>", "RCPT TO:<x@far.test>")
    stranger, friend = (Heard(file, caller, *lines) for caller in ("192.0.2.7", "127.0.0.1"))

    assert (
        f"relay_from_hosts: [192.0.2.7]: may not send to other hosts ({drop_in / '10.toml'}:2)"
        in stranger.why
    )
    assert (
        f"relay_from_hosts: [127.0.0.1]: may send anywhere ({drop_in / '10.toml'}:3)" in friend.why
    )


def test_who_is_turned_away_hears_it_and_the_status_says_so(file: Path) -> None:
    heard = Heard(file, "198.51.100.7", "QUIT")

    assert heard.status == 1
    assert heard.replies == ["554 SMTP service not available"]
    assert heard.why[-1] == f"host_reject_connection: [198.51.100.7]: in it ({file}:10)"
    assert heard.log == ["refused connection from [198.51.100.7] (host_reject_connection)"]


def test_whoever_is_dropped_was_turned_away(file: Path) -> None:
    assert Heard(file, "192.0.2.7", *["NONSENSE"] * 5).status == 1
    assert Heard(file, "192.0.2.7", "EHLO c.test").status == 0  # the end of the input


def test_a_message_is_accepted_and_gone(file: Path, tmp_path: Path) -> None:
    """In lines that end as those of a file do; and a lone dot ends it."""
    state = tmp_path / "state"
    before = sorted(tmp_path.rglob("*"))
    heard = Heard(
        file,
        "192.0.2.7",
        *("EHLO c.test", "MAIL FROM:<>", "RCPT TO:<user@mx.pymta.test>", "DATA"),
        *("Subject: x", "", "text", ".", "QUIT"),
    )

    assert heard.replies[-2].startswith("250 2.0.0 OK id=")
    assert sorted(tmp_path.rglob("*")) == before
    assert not state.exists()
    assert heard.log[0].endswith(" S=20")


def test_whoever_types_is_not_hurried(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for deadline in ("for_command", "for_data", "for_session"):
        monkeypatch.setattr(Patience, deadline, 0.0)
    heard = Heard(file, "192.0.2.7", "EHLO c.test", "MAIL FROM:<>", "QUIT")

    assert heard.status == 0
    assert heard.replies[-1].startswith("221 ")


def test_sizes_are_explained_where_they_matter(file: Path) -> None:
    lines = ("EHLO c.test", "MAIL FROM:<> SIZE=20000")

    small, large = (Heard(file, caller, *lines) for caller in ("192.0.2.7", "203.0.113.7"))

    why = f"message_size_limit: message too big: size=20000 max=10240 ({file}:7)"
    assert why in small.why
    assert not any("too big" in text for text in large.why)


def test_what_is_said_of_the_client_is_believed(file: Path) -> None:
    how: dict[str, str | bool] = {"helo": "c.test", "account": "alice", "has_tls": True}
    heard = Heard(
        file,
        "[2001:db8::7]:40999",
        *("MAIL FROM:<>", "RCPT TO:<user@mx.pymta.test>", "DATA", ".", "QUIT"),
        **how,
    )

    assert "Hello c.test [2001:db8::7]" in heard.replies[1]
    assert " P=esmtpsa X=TLS1.3:" in heard.log[0]
    assert " A=fake:alice " in heard.log[0]


def test_users_are_told_which_settings_hold_them(file: Path) -> None:
    """RFC 6409: who has to log in, as whom he may send, and where to."""
    file.write_text(
        f"{SETTINGS}submission_size_limit = 100\n"
        'auth_senders = { "alice" = ["sales@mx.pymta.test"] }\nrelay_authenticated = false\n'
    )
    heard = Heard(file, "192.0.2.7", "EHLO c.test", "MAIL FROM:<>", role="submission")
    assert "530 5.7.0 Authentication required" in heard.replies
    assert "submission_ports: a socket of role submission: he must log in (default)" in heard.why
    lines = (
        "EHLO client.test",
        "MAIL FROM:<boss@mx.pymta.test>",
        "MAIL FROM:<sales@mx.pymta.test> SIZE=101",
        "MAIL FROM:<sales@mx.pymta.test>",
        "RCPT TO:<x@far.test>",
        "DATA",
        "From: boss@mx.pymta.test",
        "",
        ".",
    )
    heard = Heard(file, "198.18.0.1", *lines, role="submission", account="alice")
    for why in (
        f"auth_senders: alice may not send as <boss@mx.pymta.test> ({file}:12)",
        f"submission_size_limit: message too big: size=101 max=100 ({file}:11)",
        f"auth_senders: alice may send as <sales@mx.pymta.test> ({file}:12)",
        "submission_ports: alice may send to other hosts (default)",
        "submission_check_from: address in the From field not permitted for this account (default)",
    ):
        assert why in heard.why
    heard = Heard(file, "198.18.0.1", *lines[:1], *lines[3:5], account="alice")
    assert (
        f"relay_authenticated: alice may not for that send to other hosts ({file}:13)" in heard.why
    )
    assert "550 5.7.1 relay not permitted" in heard.replies


def test_a_port_is_what_the_settings_make_of_it(file: Path) -> None:
    """RFC 6409 s3.1, RFC 8314 s3.3: as with sockets that the daemon binds itself."""
    file.write_text(
        f'{SETTINGS}submission_ports = ["2587", "2465"]\ntls_on_connect_ports = ["2465"]\n'
    )
    lines = ("EHLO c.test", "MAIL FROM:<a@far.test>")
    for port, is_taken, has_tls in (
        (2525, True, False),
        (2587, False, False),
        (587, False, False),
        (2465, False, True),
        (465, False, True),
    ):
        heard = Heard(file, "192.0.2.7", *lines, port=port)
        assert ("250 2.1.0 OK" in heard.replies) is is_taken, port
        assert ("250-REQUIRETLS" in heard.replies) is has_tls, port
    heard = Heard(file, "192.0.2.7", *lines, port=2587, role="smtp")
    assert "250 2.1.0 OK" in heard.replies


def test_a_proxy_is_told_of(file: Path) -> None:
    file.write_text('hosts_proxy = ["192.0.2.7"]\n')

    heard = Heard(file, "192.0.2.7", "QUIT")

    assert heard.why[0].startswith("hosts_proxy: [192.0.2.7]: a proxy")
    assert heard.why[0].endswith(f"({file}:1)")


def test_control_bytes_of_whoever_types_do_no_harm(file: Path) -> None:
    """reliability.md, promise 10: a terminal is where they would."""
    lines = ("EHLO \x1b[31m", "MAIL FROM:<a\x07@b.test>", "RCPT \x1b]0;x\x07")
    heard = Heard(file, "192.0.2.7", *lines)

    for text in (*heard.log, *heard.why, *heard.replies):
        assert text.isprintable()


def test_wrong_settings_are_named(file: Path) -> None:
    file.write_text("nonsense = 1\n")

    with pytest.raises(ConfigError, match="no such setting"):
        Heard(file, "192.0.2.7")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--from", "192.0.2.300"], os.EX_USAGE),
        (["--from", "fe80::1%lo"], os.EX_USAGE),
        (["--from", "192.0.2.7", "--role", "local"], os.EX_USAGE),
        (["--from", "192.0.2.7", "--role", "nonsense"], os.EX_USAGE),
        (["--from", "192.0.2.7", "--port", "0"], os.EX_USAGE),
        ([], os.EX_USAGE),
    ],
)
def test_wrong_words_are_refused(words: list[str], status: int) -> None:
    assert run(["probe-session", *words]) == status


def command(*words: str, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    program = "import sys; from pymta.cli import classic, app; sys.exit({})"
    call = (
        f"classic.run({list(words[1:])!r}, {{}})"
        if words[0] == "sendmail"
        else f"app.run({list(words)!r})"
    )
    return warm.run(
        [*before, sys.executable, "-P", "-c", program.format(call)],
        input="QUIT\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_classic_line_does_the_same(file: Path) -> None:
    new = command("probe-session", "--from", "192.0.2.7", "--config", str(file))
    old = command("sendmail", "-bh", "192.0.2.7", "-C", str(file))
    wrong = command("sendmail", "-bh", "nonsense", "-C", str(file))

    assert (new.returncode, old.returncode) == (0, 0)
    assert new.stderr == old.stderr
    assert [reply[:3] for reply in old.stdout.splitlines()] == ["220", "221"]
    assert wrong.returncode == 1
    assert wrong.stderr == 'pymta: Malformed IP address "nonsense" in the command line\n'


@pytest.mark.root
def test_anybody_may_ask_who_may_read_the_settings(file: Path, tmp_path: Path) -> None:
    """And nobody else: the settings are told by it."""
    let_others_in(file)
    words = ("probe-session", "--from", "192.0.2.7", "--config", str(file))
    (cover := tmp_path / "cover").mkdir()
    who = (f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups")
    before = (*readable(cover), "setpriv", *who)
    asked = command(*words, before=before)
    file.chmod(0o600)
    refused = command(*words, before=before)

    assert asked.returncode == 0, asked.stderr
    assert refused.returncode == os.EX_CONFIG
    assert "cannot be read" in refused.stderr


def test_no_daemon_is_disturbed() -> None:
    """With every slot of its own taken."""
    with daemon(smtp_accept_max=1) as made, made.raw() as held:
        assert held.recv(100).startswith(b"220 ")
        before = made.log()
        asked = made.run("probe-session", "--from", "192.0.2.7", "--config", str(made.config))
        assert asked.returncode == 0, asked.stderr
        assert asked.stdout.startswith("220 ")
        assert made.log() == before
        assert "; 1/1 connections" in made.status()
