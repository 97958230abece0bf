"""What the dialogues cannot show: time, signals, the channel, the disk, and what is stored."""

from __future__ import annotations

import errno
import smtplib
import socket
from dataclasses import replace

import pytest

from pymta.accounts.account import Unsure
from pymta.channel.words import HandOn, Short
from pymta.journal.event import MAIN_AND_PANIC
from pymta.load.reading import Load, Room
from pymta.session import stream
from tests.doubles.house import DATE, HOST, Guest, House, usual_settings
from tests.doubles.memory_spool import MemorySpool

TO_DATA = (
    "EHLO client.example",
    "MAIL FROM:<a@client.example>",
    "RCPT TO:<user@localhost>",
    "DATA",
)


def in_data(guest: Guest) -> Guest:
    guest.hear()
    assert guest.ask(*TO_DATA)[-1].startswith("354")
    return guest


def test_a_message_is_stored_as_it_came_with_its_received_field() -> None:
    house = House()
    with house.call() as guest:
        in_data(guest).send(b"Subject: \xe4\r\n\r\n..x\r\n.\r\n")
        reply = guest.hear()

    message = house.spool.stored[0]
    assert reply == f"250 2.0.0 OK id={message.id}"
    assert message.body == b"Subject: \xe4\r\n\r\n.x\r\n"
    assert message.seal.eight_bit
    assert message.seal.on_top[0].startswith("Received: from client.example ([192.0.2.7])\r\n\tby ")
    assert message.seal.on_top[0].endswith(f"\tfor <user@localhost>; {DATE}\r\n")
    assert message.envelope.client.protocol == "esmtp"


def test_the_received_field_names_no_recipient_beside_another() -> None:
    """RFC 5321 s7.2: the second must not be told about the first."""
    house = House()
    with house.call() as guest:
        guest.hear()
        guest.ask(*TO_DATA[:3], "RCPT TO:<postmaster>", "DATA")
        guest.ask(".")

    message = house.spool.stored[0]
    assert "\tfor <" not in message.seal.on_top[0]
    assert [r.address for r in message.envelope.recipients] == [
        "user@localhost",
        f"postmaster@{HOST}",
    ]


def test_an_accepted_message_is_handed_on_with_its_destination() -> None:
    """ID-07."""
    house = House()
    with house.call("127.0.0.1") as guest:
        guest.hear()
        guest.ask(*TO_DATA[:3], "RCPT TO:<x@Far.Example>", "DATA", ".")
        guest.ask("QUIT")
        guest.status()

    assert house.handed_on == [HandOn(house.spool.stored[0].id, "far.example")]


def test_beyond_its_share_a_connection_leaves_messages_to_the_queue() -> None:
    """ID-03."""
    house = House(usual_settings(smtp_accept_queue_per_connection=2))
    with house.call() as guest:
        guest.hear()
        for _ in range(4):
            guest.ask(*TO_DATA, ".")
        guest.ask("QUIT")
        guest.status()

    ids = [message.id for message in house.spool.stored]
    late = [e.queue_id for e in house.log.events if e.text.startswith("no immediate delivery")]
    assert [word.id for word in house.handed_on] == ids[:2]
    assert late == ids[2:]
    assert house.log.texts()[-1] == (
        "no immediate delivery: more than 2 messages received in one connection"
    )


def test_queue_only_says_nothing_about_it() -> None:
    """ID-05."""
    house = House(usual_settings(queue_only=True))
    with house.call() as guest:
        in_data(guest).ask(".")
        guest.ask("QUIT")
        guest.status()

    assert not house.handed_on
    assert len(house.log.events) == 1


def test_what_waits_anyway_keeps_no_place_of_remote_mail() -> None:
    """The destination is that of the first recipient whom another host gets now."""
    house = House(usual_settings(queue_domains=("far.example",), queue_smtp_domains=("*.off",)))
    with house.call("127.0.0.1") as guest:
        guest.hear()
        guest.ask(*TO_DATA[:2], "RCPT TO:<x@Far.Example>", "RCPT TO:<x@a.off>", "DATA", ".")
        guest.ask(*TO_DATA[1:2], "RCPT TO:<x@far.example>", "RCPT TO:<x@near.example>", "DATA", ".")
        guest.ask("QUIT")
        guest.status()

    assert [word.destination for word in house.handed_on] == ["", "near.example"]


def test_the_load_is_read_for_each_message_until_it_was_too_high() -> None:
    """ID-04"""
    house = House(usual_settings(queue_only_load=4.0), load=Load(4.0))
    with house.call() as guest:
        guest.hear()
        for load in (4.0, 4.01, 1.0):
            house.load = Load(load)
            guest.ask(*TO_DATA, ".", "NOOP")  # a message is judged after its reply
        guest.ask("QUIT")
        guest.status()

    assert len(house.handed_on) == 1
    told = [text for text in house.log.texts() if text.startswith("no immediate")]
    assert told == ["no immediate delivery: load average 4.01"] * 2


SHORT = "spool directory space check failed: space=1023 inodes=-1"
NO_ROOM = "452 4.3.1 Space shortage, please try later"


def test_without_room_a_message_is_put_off_at_mail_and_the_session_goes_on() -> None:
    """N-25"""
    house = House(usual_settings(check_spool_space=1 << 20))
    house.spool.free = Room((1 << 20) - 1)
    with house.call() as guest:
        guest.hear()
        assert guest.ask(*TO_DATA[:2])[1] == NO_ROOM
        assert guest.ask(TO_DATA[2])[0].startswith("503 ")
        house.spool.free = Room(1 << 20)
        assert guest.ask(*TO_DATA)[-1].startswith("354")
        assert guest.ask(".")[0].startswith("250 ")

    assert house.put_off == [Short(SHORT)]
    assert len(house.log.events) == 1  # the arrival: the parent writes the other line


@pytest.mark.parametrize(("announced", "code"), [(10 << 20, "250"), (20 << 20, "452")])
def test_what_a_client_announces_is_counted(announced: int, code: str) -> None:
    """N-25: smtp_check_spool_space."""
    house = House(usual_settings(check_spool_space=1 << 20))
    house.spool.free = Room(20 << 20)
    with house.call() as guest:
        guest.hear()
        reply = guest.ask("EHLO c", f"MAIL FROM:<a@c.example> SIZE={announced}")[1]

    assert reply.startswith(code)


def test_the_disk_of_the_log_is_asked_too() -> None:
    house = House(usual_settings(), log_room=Room(1, 1))
    with house.call() as guest:
        guest.hear()
        assert guest.ask(*TO_DATA[:2])[1] == NO_ROOM

    assert house.put_off == [Short("log directory space check failed: space=0 inodes=1")]


def test_a_spool_that_tells_nothing_is_asked_again_at_data() -> None:
    house = House(spool=MemorySpool(fail_at="room"))
    with house.call() as guest:
        in_data(guest)


def test_replies_of_a_group_come_in_one_packet() -> None:
    house = House()
    with house.call() as guest:
        guest.hear()
        guest.say(*TO_DATA)
        packet = guest.sock.recv(65536)

    codes = [line[:3] for line in packet.splitlines() if line[3:4] == b" "]
    assert codes == [b"250", b"250", b"250", b"354"]
    assert packet.endswith(b"by itself\r\n")


@pytest.mark.parametrize("is_drain", [True, False])
def test_a_waiting_client_is_told_that_the_service_ends(is_drain: bool) -> None:
    house = House()
    with house.call() as guest:
        guest.hear()
        guest.ask("EHLO client.example")
        if is_drain:
            guest.drain()
        else:
            guest.supervisor.close()
        assert guest.hear() == f"421 4.3.2 {HOST}: Service not available - closing connection"
        assert guest.status() == 0


def test_a_command_that_crosses_the_farewell_is_no_reason_for_a_reset(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """N-18: it would find nobody, and the reset that it gets may destroy the 421."""
    monkeypatch.setattr(stream, "_LINGER", 20.0)
    with House().call() as guest:
        guest.hear()
        guest.ask("EHLO client.example")
        guest.drain()
        assert guest.hear().startswith("421 4.3.2 ")
        guest.say("NOOP")
        guest.sock.settimeout(0.1)
        with pytest.raises(TimeoutError):  # it is not answered, and nothing is closed yet
            guest.sock.recv(1)
        guest.hang_up()
        assert guest.status() == 0


def test_a_message_under_way_is_finished_before_the_service_ends() -> None:
    house = House()
    with house.call() as guest:
        in_data(guest).drain()
        guest.send(b"a\r\n")
        guest.send(b".\r\n")
        assert guest.hear().startswith("250 2.0.0 OK id=")
        assert guest.hear().startswith("421 4.3.2 ")

    assert len(house.spool.stored) == 1


def test_sigterm_ends_a_waiting_session() -> None:
    """SS-06."""
    house = House()
    with house.call() as guest:
        guest.hear()
        guest.terminate()
        assert guest.hear() == f"421 {HOST}: Service not available - closing connection"
        assert guest.status() == 1

    assert house.log.texts() == ["SMTP connection from [192.0.2.7] D=0.0s closed after SIGTERM"]


def test_sigterm_abandons_a_message() -> None:
    """SS-06."""
    house = House()
    with house.call() as guest:
        in_data(guest).terminate()
        assert guest.hear() == (
            f"421 4.3.2 {HOST} Service not available - SIGTERM or SIGINT received"
            " - closing connection."
        )
        assert guest.status() == 1

    assert not house.spool.open
    assert not house.spool.stored


# One second is the least that the setting can say.
IMPATIENT = usual_settings(smtp_receive_timeout=1)


def test_a_silent_client_is_left() -> None:
    """SS-06."""
    house = House(IMPATIENT)
    with house.call() as guest:
        guest.hear()
        assert guest.hear() == f"421 {HOST}: SMTP command timeout - closing connection"
        assert guest.status() == 1

    (event,) = house.log.events
    took = event.text.removeprefix("SMTP command timeout on connection from [192.0.2.7] D=")
    assert took.startswith("1.")


def test_a_trickling_client_is_left_too() -> None:
    """reliability.md s4: one octet at a time buys no more than the time for one command."""
    house = House(IMPATIENT)
    with house.call() as guest:
        guest.hear()
        guest.sock.settimeout(0.1)
        trickle(guest)
        guest.sock.settimeout(20)
        assert "command timeout" in guest.hear_all()


def trickle(guest: Guest) -> None:
    """Send an octet whenever there is no answer yet."""
    while True:
        try:
            guest.sock.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            guest.send(b"N")
        else:
            return


def test_a_message_that_stops_is_abandoned() -> None:
    """SS-06."""
    house = House(IMPATIENT)
    with house.call() as guest:
        in_data(guest).send(b"Subject: x\r\n")
        assert guest.hear() == f"421 4.4.2 {HOST} SMTP incoming data timeout - closing connection."
        assert guest.status() == 1

    assert not house.spool.open
    assert house.log.texts()[0].startswith(
        "SMTP data timeout (message abandoned) on connection from (client.example) [192.0.2.7]"
        " F=<a@client.example> D="
    )


def test_the_rest_of_a_refused_message_has_one_timeout() -> None:
    house = House(replace(IMPATIENT, session=replace(IMPATIENT.session, message_size_limit=10)))
    with house.call() as guest:
        in_data(guest).send(b"a" * 100_000)
        guest.sock.settimeout(0.1)
        trickle(guest)
        guest.sock.settimeout(20)
        assert guest.hear().startswith("552 5.3.4 ")
        assert guest.status() == 1


@pytest.mark.parametrize("is_in_data", [False, True])
def test_a_client_that_goes_leaves_nothing(is_in_data: bool) -> None:
    """SS-02, SS-04; promise 3."""
    house = House()
    with house.call() as guest:
        guest.hear()
        guest.ask(*TO_DATA if is_in_data else TO_DATA[:2])
        if is_in_data:
            guest.send(b"Subject: x\r\n\r\nhalf a li")
        guest.sock.shutdown(socket.SHUT_WR)
        assert guest.hear() == f"421 4.4.2 {HOST} lost input connection"
        assert guest.status() == (0 if is_in_data else 1)

    assert not house.spool.open
    assert not house.spool.stored
    assert ("lost while reading message data" in house.log.texts()[0]) == is_in_data
    assert ("unexpected disconnection" in house.log.texts()[0]) != is_in_data


def test_a_client_that_goes_before_mail_leaves_no_line() -> None:
    house = House()
    with house.call() as guest:
        guest.hear()

    assert not house.log.events


@pytest.mark.parametrize("at", ["begin", "write", "commit"])
@pytest.mark.parametrize(
    ("error", "reply"),
    [(errno.ENOSPC, "452 4.3.1 "), (errno.EDQUOT, "452 4.3.1 "), (errno.EIO, "451 4.3.0 ")],
)
def test_a_disk_that_refuses_puts_the_client_off(at: str, error: int, reply: str) -> None:
    house = House()
    house.spool.fail_at, house.spool.error = at, error
    with house.call() as guest:
        guest.hear()
        replies = guest.ask(*TO_DATA)
        if at != "begin":
            replies = guest.ask(".")
        assert replies[-1].startswith(reply)
        house.spool.fail_at = ""
        guest.ask("RSET")
        assert guest.ask(*TO_DATA, ".")[-1].startswith("250 2.0.0 OK id=")

    assert not house.spool.open
    assert len(house.spool.stored) == 1
    assert house.log.events[0].streams == MAIN_AND_PANIC
    assert house.log.texts()[0].startswith("spool error: ")
    assert "[Errno" not in house.log.texts()[0]


def test_a_refused_message_gives_its_place_back_at_once() -> None:
    house = House(usual_settings(message_size_limit=10))
    with house.call() as guest:
        in_data(guest).send(b"a" * 70_000 + b"\r\n")
        guest.send(b"." + b"\r\n")
        assert guest.hear().startswith("552")

    assert not house.spool.open
    assert not house.spool.stored


def test_nothing_of_one_message_is_seen_in_the_next() -> None:
    """CL-02."""
    house = House()
    with house.call() as guest:
        guest.hear()
        guest.ask(*TO_DATA, ".")
        assert guest.ask("RCPT TO:<user@localhost>") == ["503 5.5.1 sender not yet given"]
        guest.ask("MAIL FROM:<>", "RCPT TO:<postmaster>", "RSET")
        guest.ask("MAIL FROM:<b@client.example>", "RCPT TO:<postmaster>", "DATA", ".")

    second = house.spool.stored[1].envelope
    assert second.sender == "b@client.example"
    assert len(second.recipients) == 1


@pytest.mark.parametrize("text", ["one line", "two\nlines"])
def test_the_banner_is_a_setting(text: str) -> None:
    house = House(usual_settings(smtp_banner=text))
    with house.call() as guest:
        assert guest.hear() == "\n".join(
            f"220{'-' if line == 'two' else ' '}{line}" for line in text.split("\n")
        )


@pytest.mark.parametrize("caller", ["127.0.0.1", "::1", "198.51.100.1"])
def test_without_settings_this_machine_is_served(caller: str) -> None:
    house = House(usual_settings(is_configured=False))
    with house.call(caller) as guest:
        guest.hear()
        assert guest.ask(*TO_DATA[:2])[-1] == "250 2.1.0 OK"


def test_no_reply_is_longer_than_the_standard_allows() -> None:
    """RFC 5321 s4.5.3.1.5."""
    house = House(usual_settings(primary_hostname="h" * 60 + ".example" * 24))
    with house.call() as guest:
        name = ".".join(["a" * 60] * 4)
        guest.say(f"EHLO {name}", "MAIL FROM:<" + "a" * 3000, "FOO " + "b" * 1900, "QUIT")
        lines = guest.hear_all().splitlines(keepends=True)

    assert len(lines) > 4
    assert max(len(line) for line in lines) <= 512


def test_smtplib_delivers_to_us() -> None:
    """An independent client, over TCP."""
    house = House()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname(), timeout=20)
        theirs, _ = listener.accept()
    with house.call(pair=(ours, theirs)):
        client = smtplib.SMTP()
        client.sock = ours
        assert client.getreply()[0] == 220
        refused = client.sendmail(
            "a@client.example",
            ["user@localhost", "nobody@localhost"],
            b"Subject: \xff\r\n\r\n.\r\nline\r\nline\r\n",
            mail_options=["BODY=8BITMIME"],
        )
        client.quit()
        client.close()

    assert refused == {"nobody@localhost": (550, b"5.1.1 Unknown user")}
    assert house.spool.stored[0].body == b"Subject: \xff\r\n\r\n.\r\nline\r\nline\r\n"
    assert house.spool.stored[0].envelope.body == "8BITMIME"


def test_a_user_whom_nobody_can_look_up_now_is_not_unknown() -> None:
    """A directory server that is down costs no mail: the client tries again."""
    house = House(usual_settings(local_users=True), find=lambda _: Unsure("no answer in 10 s"))
    with house.call() as guest:
        guest.hear()
        reply = guest.ask(*TO_DATA[:2], "RCPT TO:<alice@localhost>")[-1]

    assert reply == "451 4.3.0 Temporary local problem, please try later"
    assert any(
        line.endswith("RCPT <alice@localhost>: user lookup did not complete: no answer in 10 s")
        for line in house.log.texts()
    )
