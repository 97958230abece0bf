"""A whole delivery worker: a real process, spool, name server, remote host and Maildir."""

from __future__ import annotations

import contextlib
import re
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path

import pytest

from pymta.channel.words import NO_PLACE, Deliver, Drain, HandOn
from pymta.config.journal import Journal
from pymta.config.queue import Queue
from pymta.config.routing import Routing
from pymta.config.settings import Machine, Settings
from pymta.config.transport import Transport
from pymta.delivery.main import CRASHED, DONE
from pymta.delivery.slots import take_place
from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.files import FileSpool
from pymta.spool.store import Seal
from tests.doubles.delivery_worker import PATIENCE, worker
from tests.doubles.dns_server import SERVFAIL, DnsServer, Zone
from tests.doubles.smtp_host import SILENCE, SmtpHost

BODY = b"Subject: hello\r\n\r\n.dot\r\nbody\r\n"
ZONE: Zone = {
    ("example.org", "MX"): ["10 mx.example.org."],
    ("mx.example.org", "A"): ["127.0.0.1"],
    ("nullmx.example", "MX"): ["0 ."],
    ("broken.example", "MX"): SERVFAIL,
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        routing=Routing(primary_hostname="mail.example.net", dns_timeout=5),
        transport=Transport(connect_timeout=5, command_timeout=20, final_timeout=20),
        journal=Journal(log_file_path=(str(tmp_path / "log"),)),
        machine=Machine(state_directory=str(tmp_path / "state"), serve_port=1),
    )


@pytest.fixture
def spool(settings: Settings) -> FileSpool:
    state = Path(settings.machine.state_directory)
    state.mkdir(mode=0o700)
    return FileSpool(state / "spool")


def put(spool: FileSpool, *recipients: str, sender: str = "s@localhost") -> str:
    names = tuple(Recipient(name) for name in recipients)
    intake = spool.begin(Envelope(sender, names, time.time()))
    intake.write(BODY)
    intake.commit(Seal(on_top=("Received: by us\r\n",)))
    return intake.id


def lines(settings: Settings) -> list[str]:
    """What was logged, without the time."""
    text = Path(settings.journal.log_path).read_text()
    return [line[20:] for line in text.split("\n")[:-1]]


def mail(settings: Settings, mailbox: str = "user") -> list[bytes]:
    new = Path(settings.machine.state_directory, "mail", mailbox, "new")
    return [file.read_bytes() for file in sorted(new.iterdir())]


def at(settings: Settings, dns: DnsServer, port: int) -> Settings:
    """The same with a name server and a port for remote hosts."""
    return replace(
        settings,
        routing=replace(settings.routing, dns_servers=(dns.setting,)),
        transport=replace(settings.transport, remote_smtp_port=port),
    )


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_local_message_lands_in_the_maildir(
    settings: Settings, spool: FileSpool, tmp_path: Path
) -> None:
    id = put(spool, "user@mail.example.net")
    with worker(settings, tmp_path) as one:
        assert one.deliver(id)
        one.end.say(Drain())
        assert one.wait() == DONE
    assert mail(settings) == [
        (
            b"Return-Path: <s@localhost>\nDelivered-To: user@mail.example.net\n"
            b"Received: by us\nSubject: hello\n\n.dot\nbody\n"
        )
    ]
    assert lines(settings) == [
        f"{id} => user <user@mail.example.net> R=local T=maildir",
        f"{id} Completed",
    ]
    assert not spool.holds(id)


def test_a_remote_message_goes_where_the_mx_points(
    settings: Settings, spool: FileSpool, tmp_path: Path
) -> None:
    id = put(spool, "a@example.org", "b@example.org")
    with DnsServer(ZONE) as dns, SmtpHost() as host:
        with worker(at(settings, dns, host.port), tmp_path) as one:
            assert one.deliver(id)
        where = 'R=mx T=smtp H=mx.example.org [127.0.0.1] C="250 2.0.0 queued as 42"'
    assert host.messages() == [b"Received: by us\r\n" + BODY]
    assert lines(settings) == [
        f"{id} => a@example.org {where}",
        f"{id} -> b@example.org {where}",
        f"{id} Completed",
    ]


def test_messages_for_one_host_go_over_one_connection_which_is_closed_when_no_more_come(
    settings: Settings, spool: FileSpool, tmp_path: Path
) -> None:
    ids = [put(spool, "a@example.org") for _ in range(3)]
    with DnsServer(ZONE) as dns, SmtpHost() as host:
        brief = at(settings, dns, host.port)
        brief = replace(brief, transport=replace(brief.transport, connection_idle_timeout=3))
        with worker(brief, tmp_path) as one:
            assert all(one.deliver(id) for id in ids)
            (session,) = host.sessions
            until(lambda: session.commands[-1] == "QUIT")
            assert one.process.poll() is None
    assert len(host.messages()) == 3
    stars = [line.count("H=mx.example.org [127.0.0.1]* ") for line in lines(settings)]
    assert stars == [0, 0, 1, 0, 1, 0]


def test_a_host_that_is_down_is_tried_again_when_it_is_up(
    settings: Settings, spool: FileSpool, tmp_path: Path
) -> None:
    id = put(spool, "a@example.org")
    with DnsServer(ZONE) as dns, SmtpHost() as host:
        up = at(settings, dns, host.port)
        down = replace(up, transport=replace(up.transport, remote_smtp_port=closed_port()))
        with worker(down, tmp_path) as one:
            assert one.deliver(id)
            assert one.deliver(id), "not due: nothing to do, and said so"
        assert spool.holds(id)
        with worker(up, tmp_path, force=True) as one:
            assert one.deliver(id)
    assert len(host.messages()) == 1
    told = lines(settings)
    assert told[0].startswith(
        f"{id} == a@example.org R=mx T=smtp defer (111): Connection refused H=mx.example.org ["
    )
    assert [line.split()[1] for line in told] == ["==", "=>", "Completed"]


def closed_port() -> int:
    """A port where nobody listens."""
    host = SmtpHost()
    with host:
        return host.port


def test_what_cannot_be_delivered_comes_back_to_a_local_sender(
    settings: Settings, spool: FileSpool, tmp_path: Path
) -> None:
    id = put(spool, "a@nullmx.example", "b@missing.example", sender="user@localhost")
    with DnsServer(ZONE) as dns, worker(at(settings, dns, 25), tmp_path) as one:
        assert one.deliver(id)
        (handed_on,) = one.handed_on
        assert handed_on == HandOn(handed_on.id, "")
        assert one.deliver(handed_on.id)
    assert not spool.holds(id)
    assert not spool.holds(handed_on.id)
    (report,) = mail(settings)
    message = message_from_bytes(report)
    assert message["Return-Path"] == "<>"
    assert message.get_content_type() == "multipart/report"
    assert b"Status: 5.1.10" in report
    assert b"Status: 5.1.2" in report
    told = lines(settings)
    assert f"{id} ** a@nullmx.example: domain nullmx.example accepts no mail" in told
    assert f"{id} ** b@missing.example: domain missing.example does not exist" in told
    assert any(line.startswith(f"{handed_on.id} <= <> R={id} U=pymta P=local S=") for line in told)
    assert f"{handed_on.id} Completed" in told


def test_a_broken_name_server_only_delays(
    settings: Settings, spool: FileSpool, tmp_path: Path
) -> None:
    id = put(spool, "a@broken.example")
    with DnsServer(ZONE) as dns, worker(at(settings, dns, 25), tmp_path) as one:
        assert one.deliver(id)
    assert spool.holds(id)
    assert lines(settings) == [
        (
            f"{id} == a@broken.example defer (-1): host lookup for broken.example"
            " did not complete: no name server gave a usable answer"
        )
    ]


def test_mail_is_never_sent_to_ourselves(
    settings: Settings, spool: FileSpool, tmp_path: Path
) -> None:
    """The MX points at this machine, at a port that we listen on."""
    id = put(spool, "a@example.org")
    with DnsServer(ZONE) as dns, SmtpHost() as host:
        ours = at(settings, dns, host.port)
        ours = replace(ours, machine=replace(ours.machine, serve_port=host.port))
        with worker(ours, tmp_path) as one:
            assert one.deliver(id)
    assert host.sessions == []
    assert lines(settings)[0] == f"{id} ** a@example.org: mail for example.org loops back to myself"


def test_a_smarthost_takes_everything(settings: Settings, spool: FileSpool, tmp_path: Path) -> None:
    id = put(spool, "a@one.example", "b@two.example")
    with SmtpHost() as host:
        routing = replace(settings.routing, smarthost=f"127.0.0.1:{host.port}")
        with worker(replace(settings, routing=routing), tmp_path) as one:
            assert one.deliver(id)
    assert len(host.messages()) == 1
    assert " R=smarthost T=smtp H=[127.0.0.1] [127.0.0.1] C=" in lines(settings)[0]


def test_the_log_tells_as_much_of_a_delivery_as_it_is_asked_for(
    settings: Settings, spool: FileSpool, tmp_path: Path
) -> None:
    """N-39: ports, our own address, times, with a real connection."""
    names = "outgoing_port incoming_interface queue_time queue_time_overall delivery_size"
    selectors = tuple(f"+{name}" for name in f"{names} protocol_detail pipelining".split())
    journal = replace(settings.journal, log_selector=selectors)
    id = put(spool, "a@one.example")
    with SmtpHost() as host:
        routing = replace(settings.routing, smarthost=f"127.0.0.1:{host.port}")
        with worker(replace(settings, routing=routing, journal=journal), tmp_path) as one:
            assert one.deliver(id)

    delivered, completed = lines(settings)
    size = len(b"Received: by us\r\n" + BODY)
    assert re.fullmatch(
        rf"{id} => a@one\.example R=smarthost T=smtp S={size}"
        rf" H=\[127\.0\.0\.1\] \[127\.0\.0\.1\]:{host.port} I=\[127\.0\.0\.1\]:\d+ PS=e L"
        r' C="250 2\.0\.0 queued as 42" QT=\S+s',
        delivered,
    )
    assert re.fullmatch(rf"{id} Completed QT=\S+s", completed)


# How it ends.


def test_the_end_of_the_channel_ends_the_worker(
    settings: Settings, spool: FileSpool, tmp_path: Path
) -> None:
    with worker(settings, tmp_path) as one:
        one.end.close()
        assert one.wait() == DONE


def test_sigterm_ends_a_worker_that_waits(
    settings: Settings, spool: FileSpool, tmp_path: Path
) -> None:
    with worker(settings, tmp_path) as one:
        assert one.deliver(put(spool, "user@localhost"))
        one.process.send_signal(signal.SIGTERM)
        assert one.wait() == DONE


@pytest.mark.parametrize("how", ["drain", "sigterm"])
def test_what_has_begun_is_finished_and_nothing_new_started(
    settings: Settings, spool: FileSpool, tmp_path: Path, how: str
) -> None:
    id, other = put(spool, "a@example.org"), put(spool, "user@localhost")
    host = SmtpHost({"FINAL": SILENCE})
    with DnsServer(ZONE) as dns, contextlib.ExitStack() as stack:
        stack.enter_context(host)
        with worker(at(settings, dns, host.port), tmp_path) as one:
            one.end.say(Deliver(id))
            until(lambda: bool(host.sessions) and host.sessions[0].is_whole)
            if how == "drain":
                one.end.say(Drain())
            else:
                one.process.send_signal(signal.SIGTERM)
            one.end.say(Deliver(other))
            assert one.process.poll() is None, "past the final dot nobody gives up"
            stack.close()  # the host hangs up at last
            assert one.wait() == DONE
    assert spool.holds(other)
    assert lines(settings)[0].startswith(f"{id} == a@example.org R=mx T=smtp defer (-18)")


def test_a_worker_without_a_place_ends_at_once_and_touches_nothing(
    settings: Settings, spool: FileSpool, tmp_path: Path
) -> None:
    id = put(spool, "user@localhost")
    one_place = replace(settings, queue=Queue(deliver_max=1))
    place = take_place(Path(settings.machine.state_directory, "run"), range(1))
    assert place
    with worker(one_place, tmp_path) as one:
        assert not one.deliver(id)
        assert one.wait() == NO_PLACE
    place.leave()
    assert spool.holds(id)
    with worker(one_place, tmp_path) as one:
        assert one.deliver(id)


def test_a_mistake_of_ours_costs_one_attempt_and_no_message(
    settings: Settings, spool: FileSpool, tmp_path: Path
) -> None:
    id = put(spool, "user@localhost")
    broken = replace(settings, routing=replace(settings.routing, local_parts=("user", "a/b")))
    bad = put(spool, '"a/b"@localhost')
    with worker(broken, tmp_path) as one:
        assert not one.deliver(bad)
        assert one.wait() == CRASHED
    assert spool.holds(bad)
    assert lines(settings)[-1].startswith(f"{bad} delivery process failed, the message stays")
    with worker(settings, tmp_path) as one:
        assert one.deliver(id)


def test_no_descriptor_of_a_message_stays_open(
    settings: Settings, spool: FileSpool, tmp_path: Path
) -> None:
    names = ("user@localhost", "a@example.org", "b@broken.example")
    with (
        DnsServer(ZONE) as dns,
        SmtpHost() as host,
        worker(at(settings, dns, host.port), tmp_path) as one,
    ):
        one.deliver(put(spool, *names))
        before = one.open_files()
        for _ in range(3):
            one.deliver(put(spool, *names))
        assert one.open_files() == before
    assert not any("/queue/" in name or name.endswith(".pymta") for name in before)
