"""The client against a scripted server: what it says, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pymta.smtp.client import GROUP
from pymta.smtp.client_words import (
    After,
    Finished,
    NeedReply,
    Refused,
    SendBody,
    SendBytes,
    Stage,
    Taken,
    Unheard,
)
from tests.doubles.spoken import Spoken

PLAIN = b"220 mx.example.org ESMTP\r\n"
EHLO = b"250-mx.example.org\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250 HELP\r\n"
PIPE = b"250-mx.example.org\r\n250-PIPELINING\r\n250 SIZE 1000000\r\n"


def dialogue(*recipients: str, sender: str = "s@example.net", eight_bit: bool = False) -> Spoken:
    names = recipients or ("r@example.org",)
    return Spoken("we.example.net", sender, names, size=120, eight_bit=eight_bit)


def play(
    client: Spoken, answers: Sequence[bytes], *, one_by_one: bool = False
) -> tuple[list[str], Finished]:
    """Drive to the end; each NeedReply takes the next answer, b"" once they have run out."""
    said: list[str] = []
    left = list(answers)
    while not isinstance(action := client.next_action(), Finished):
        match action:
            case SendBytes(data):
                said += data.decode().removesuffix("\r\n").split("\r\n")
            case SendBody():
                said.append("(message)")
            case NeedReply():
                if one_by_one and left and len(left[0]) > 1:
                    client.receive(left[0][:1])
                    left[0] = left[0][1:]
                else:
                    client.receive(left.pop(0) if left else b"")
    return said, action


def greeted(client: Spoken, answer: bytes) -> Spoken:
    """The dialogue after EHLO was answered."""
    client.receive(PLAIN)
    assert client.next_action() == SendBytes(b"EHLO we.example.net\r\n")
    client.receive(answer)
    return client


def codes(finished: Finished) -> list[int]:
    return [r.reply.code if isinstance(r, Taken | Refused) else 0 for r in finished.results]


@pytest.mark.parametrize("one_by_one", [False, True])
def test_a_message_is_taken(one_by_one: bool) -> None:
    answers = [PLAIN, EHLO, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 2.0.0 id=7\r\n"]

    said, end = play(dialogue(), answers, one_by_one=one_by_one)

    assert said == [
        "EHLO we.example.net",
        "MAIL FROM:<s@example.net> SIZE=120",
        "RCPT TO:<r@example.org>",
        "DATA",
        "(message)",
    ]
    assert isinstance(end.results[0], Taken)
    assert end.results[0].reply.one_line() == "250 2.0.0 id=7"
    assert end.after is not After.CLOSE


@pytest.mark.parametrize("one_by_one", [False, True])
def test_commands_of_a_message_travel_together_with_pipelining(one_by_one: bool) -> None:
    client = greeted(dialogue("a@x.example", "b@x.example"), PIPE)

    assert client.next_action() == SendBytes(
        b"MAIL FROM:<s@example.net> SIZE=120\r\nRCPT TO:<a@x.example>\r\n"
        b"RCPT TO:<b@x.example>\r\nDATA\r\n"
    )
    _, end = play(
        client,
        [b"250 ok\r\n250 ok\r\n550 5.1.1 no\r\n354 go\r\n", b"250 done\r\n"],
        one_by_one=one_by_one,
    )
    assert codes(end) == [250, 550]
    assert isinstance(end.results[1], Refused)
    assert end.results[1].after == "RCPT TO:<b@x.example>"


def test_pipelined_groups_are_bounded() -> None:
    """RFC 2920 s3.1: replies to one group must fit into the buffers on the way."""
    names = [f"r{n}@x.example" for n in range(2 * GROUP)]
    client = greeted(dialogue(*names), PIPE)
    groups = []
    while isinstance(action := client.next_action(), SendBytes | NeedReply):
        assert isinstance(action, SendBytes)
        lines = action.data.count(b"\r\n")
        groups.append(lines)
        is_last = action.data.endswith(b"DATA\r\n")
        client.receive(b"250 ok\r\n" * (lines - is_last) + b"354 go\r\n" * is_last)

    assert action == SendBody()
    assert client.next_action() == NeedReply(is_final=True)
    assert groups == [GROUP, GROUP, 2]


def test_nothing_but_a_dot_follows_a_354_that_nobody_needs() -> None:
    """RFC 2920 s3.1: DATA was under way when the last recipient was refused."""
    answers = [PLAIN, PIPE, b"250 ok\r\n550 no\r\n354 go\r\n", b"250 empty message taken\r\n"]

    said, end = play(dialogue(), answers)

    assert said[-1] == "."
    assert codes(end) == [550]


def test_an_old_server_is_greeted_with_helo_and_gets_no_parameters() -> None:
    answers = [PLAIN, b"502 what\r\n", b"250 hello\r\n", *[b"250 ok\r\n"] * 2, b"354 go\r\n"]

    said, end = play(dialogue(), [*answers, b"250 ok\r\n"])

    assert said[:3] == ["EHLO we.example.net", "HELO we.example.net", "MAIL FROM:<s@example.net>"]
    assert codes(end) == [250]


def test_eight_bit_mail_says_so_where_it_can() -> None:
    answers = [PLAIN, EHLO, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 ok\r\n"]

    said, _ = play(dialogue(eight_bit=True, sender=""), answers)

    assert said[1] == "MAIL FROM:<> SIZE=120 BODY=8BITMIME"


def test_eight_bit_mail_is_not_sent_to_a_seven_bit_host() -> None:
    said, end = play(dialogue(eight_bit=True), [PLAIN, PIPE])

    assert said == ["EHLO we.example.net"]
    assert isinstance(end.results[0], Refused)
    assert end.results[0].reply.is_permanent
    assert end.results[0].reply.enhanced == "5.6.3"


REFUSALS = {
    "greeting": ([b"554 no service\r\n"], Stage.GREETING, 554),
    "greeting 4xx": ([b"450 later\r\n"], Stage.GREETING, 450),
    "EHLO 4xx": ([PLAIN, b"451 later\r\n"], Stage.EHLO, 451),
    "HELO": ([PLAIN, b"502 no\r\n", b"504 no\r\n"], Stage.HELO, 504),
    "MAIL": ([PLAIN, EHLO, b"550 spam\r\n"], Stage.MAIL, 550),
    "MAIL pipelined": (
        [PLAIN, PIPE, b"550 spam\r\n503 no MAIL\r\n503 no RCPT\r\n"],
        Stage.MAIL,
        550,
    ),
    "RCPT": ([PLAIN, EHLO, b"250 ok\r\n", b"452 full\r\n"], Stage.RCPT, 452),
    "DATA": ([PLAIN, EHLO, b"250 ok\r\n", b"250 ok\r\n", b"451 later\r\n"], Stage.DATA, 451),
    "final": (
        [PLAIN, EHLO, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"554 virus\r\n"],
        Stage.FINAL,
        554,
    ),
    "a 354 to RCPT": ([PLAIN, EHLO, b"250 ok\r\n", b"354 go\r\n"], Stage.RCPT, 451),
    "a 250 to DATA": ([PLAIN, EHLO, *[b"250 ok\r\n"] * 3], Stage.DATA, 451),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_keep_the_words_and_the_stage(name: str) -> None:
    answers, stage, code = REFUSALS[name]

    _, end = play(dialogue(), answers)

    result = end.results[0]
    assert isinstance(result, Refused)
    assert (result.stage, result.reply.code) == (stage, code)
    assert end.after is not After.CLOSE


FULL = [PLAIN, EHLO, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"]


@pytest.mark.parametrize("n", range(len(FULL) + 1))
def test_421_anywhere_ends_it_for_now(n: int) -> None:
    _, end = play(dialogue(), [*FULL[:n], b"421 4.3.2 closing\r\n"])

    assert codes(end) == [421]
    assert end.after is After.CLOSE


@pytest.mark.parametrize("n", range(len(FULL) + 1))
@pytest.mark.parametrize("noise", [b"", b"nonsense\r\n", b"250-a\r\n550 b\r\n", b"2" * 70_000])
def test_a_lost_or_garbled_server_is_tried_again(n: int, noise: bytes) -> None:
    _, end = play(dialogue("a@x.example", "b@x.example"), [*FULL[:n], noise])

    assert all(isinstance(result, Unheard) for result in end.results[:1])
    assert len(end.results) == 2
    assert end.after is After.CLOSE


def test_who_was_refused_stays_refused_when_the_connection_is_lost() -> None:
    answers = [PLAIN, PIPE, b"250 ok\r\n550 no\r\n250 ok\r\n"]

    _, end = play(dialogue("a@x.example", "b@x.example"), answers)

    assert [type(result) for result in end.results] == [Refused, Unheard]


def test_a_reply_before_the_final_dot_never_counts_as_taken() -> None:
    _, end = play(dialogue(), [*FULL[:-1], b"354 go\r\n250 ok\r\n"])

    assert isinstance(end.results[0], Refused)
    assert not end.results[0].reply.is_permanent


def test_a_refusal_in_the_middle_of_the_message_is_heard() -> None:
    client = greeted(dialogue(), PIPE)
    assert isinstance(client.next_action(), SendBytes)
    client.receive(b"250 ok\r\n250 ok\r\n354 go\r\n")
    assert client.next_action() == SendBody()
    client.receive(b"552 5.3.4 too big\r\n")
    client.lost("broken pipe")

    end = client.next_action()
    assert isinstance(end, Finished)
    assert codes(end) == [552]


def test_a_server_that_answers_unasked_is_not_believed() -> None:
    _, end = play(dialogue(), [PLAIN, EHLO + b"250 ok\r\n"])

    assert end.results == (
        Unheard("more replies than commands", Stage.MAIL, "MAIL FROM:<s@example.net> SIZE=120"),
    )


@pytest.mark.parametrize("bad", ["a\r\nDATA@x", "a\x00@x", "\xe4\n@x.example", "a\x85@x.example"])
def test_an_address_that_would_break_the_command_is_our_own_fault(bad: str) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        dialogue(bad)
