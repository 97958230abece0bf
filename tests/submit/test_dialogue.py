"""One attempt to hand a message over, with a server that says what the test wants."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pymta.submit.dialogue import Message, Outcome, hand_over
from pymta.submit.header import read_header
from pymta.submit.options import Submission, read_words
from pymta.submit.replies import Reply

ALL = ["mx Hello", "SIZE 5", "8BITMIME", "SMTPUTF8", "DSN", "XDELIVERY", "XQUALIFY d.test"]


class Script:
    """Answers 250, but for what `says` has for the start of a command."""

    def __init__(self, says: dict[str, str], offers: list[str]) -> None:
        self._says = says
        self._offers = offers
        self.commands: list[str] = []
        self.groups: list[list[str]] = []
        self.data = b""

    def read(self, *, is_last: bool = False, patience: float = 0) -> Reply:
        if patience:
            return self._reply("QUIT", "221 bye")
        return self._reply("end" if is_last else "greeting", "250 ok" if is_last else "220 hi")

    def write(self, data: bytes) -> None:
        self.data += data

    def ask(self, command: bytes, patience: float = 0) -> Reply:
        text = command.decode()
        self.commands.append(text)
        if text.startswith("EHLO") and "EHLO" not in self._says:
            return Reply(250, self._offers)
        return self._reply(text, "354 go" if text == "DATA" else "250 ok")

    def ask_together(self, commands: list[bytes]) -> Iterator[Reply]:
        self.groups.append([one.decode().partition(" ")[0] for one in commands])
        yield from [self.ask(one) for one in commands]

    def _reply(self, what: str, usual: str) -> Reply:
        said = next((text for front, text in self._says.items() if what.startswith(front)), usual)
        if said == "gone":
            raise ConnectionError("gone")
        return Reply(int(said[:3]), [said[4:]])


class Text:
    def __init__(self, text: bytes) -> None:
        self._text = text
        self.size = len(text)

    def blocks(self, at: int) -> Iterator[bytes]:
        while at < self.size:  # in pieces of three, to meet a dot at each border
            yield self._text[at : at + 3]
            at += 3


def attempt(
    words: str = "a@x.test",
    text: bytes = b"Subject: x\r\n\r\nhi\r\n",
    *,
    offers: list[str] = ALL,
    sender: bytes = b"me",
    has_eight_bit: bool = False,
    says: dict[str, str] | None = None,
) -> tuple[Outcome, Script]:
    asked = read_words(words.split())
    assert isinstance(asked, Submission)
    script = Script(says or {}, offers)
    message = Message(
        store=Text(text),
        header=read_header(text),
        recipients=[one.encode() for one in asked.recipients],
        sender=sender,
        login=b"me",
        full_name="Me",
        has_eight_bit=has_eight_bit,
    )
    return hand_over(script, asked, message), script


def test_the_whole_message_goes_over_and_only_that() -> None:
    outcome, script = attempt(text=b"Subject: x\r\n\r\n.dot\r\n..two\r\nend\r\n")

    assert (outcome.status, outcome.lines) == (0, [])
    assert script.data == (
        b'Subject: x\r\nFrom: "Me" <me@d.test>\r\n\r\n..dot\r\n...two\r\nend\r\n.\r\n'
    )
    assert script.commands == [
        "EHLO localhost", "MAIL FROM:<me> SIZE=56", "RCPT TO:<a@x.test>", "DATA", "QUIT",
    ]  # fmt: skip
    assert len(script.data) - len(b"..") - len(b".\r\n") == 56


def test_what_was_asked_for_is_said_where_the_server_knows_it() -> None:
    words = "-N failure -R hdrs -V a+b -odq a@x.test"
    _, script = attempt(words, has_eight_bit=True)
    assert script.commands[1] == (
        "MAIL FROM:<me> SIZE=42 BODY=8BITMIME RET=HDRS ENVID=a+2Bb XDELIVERY=QUEUE"
    )
    assert script.commands[2] == "RCPT TO:<a@x.test> NOTIFY=FAILURE"

    _, script = attempt(words, has_eight_bit=True, offers=["mx.test Hello"])
    assert script.commands[1:3] == ["MAIL FROM:<me>", "RCPT TO:<a@x.test>"]
    assert b"<me@mx.test>" in script.data

    _, script = attempt("jörg@x.test")
    assert script.commands[1].endswith(" SMTPUTF8")


@pytest.mark.parametrize("where", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "end"])
@pytest.mark.parametrize(("says", "status"), [("421 full", 75), ("554 no", 69)])
def test_no_refusal_is_taken_for_a_yes(where: str, says: str, status: int) -> None:
    outcome, script = attempt(says={where: says})

    assert outcome.status == status
    assert says in outcome.lines[0]
    assert where == "end" or not script.data


@pytest.mark.parametrize("where", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "end"])
def test_a_lost_connection_is_told_to_whoever_tries_again(where: str) -> None:
    with pytest.raises(ConnectionError):
        attempt(says={where: "gone"})


@pytest.mark.parametrize("offers", [ALL, [*ALL, "PIPELINING"]])
def test_after_250_nothing_can_change_the_answer(offers: list[str]) -> None:
    outcome, _ = attempt(offers=offers, says={"QUIT": "gone"})
    assert outcome.status == 0


def test_the_others_get_it_when_one_is_refused_and_the_status_says_so() -> None:
    outcome, script = attempt("a@x.test b@x.test", says={"RCPT TO:<a": "550 5.1.1 Unknown user"})

    assert outcome.status == 67
    assert outcome.lines == ["<a@x.test>: 550 5.1.1 Unknown user"]
    assert script.data


def test_nobody_gets_it_while_one_has_to_wait() -> None:
    """Else the next try would send it twice to the others."""
    outcome, script = attempt("a@x.test b@x.test", says={"RCPT TO:<b": "452 4.5.3 too many"})

    assert outcome.status == 75
    assert not script.data


def test_what_the_server_takes_at_once_is_sent_at_once() -> None:
    outcome, script = attempt(offers=[*ALL, "PIPELINING"])

    assert outcome.status == 0
    assert script.groups == [["MAIL", "RCPT", "DATA"]]
    assert script.data.endswith(b"hi\r\n.\r\nQUIT\r\n")
    assert "QUIT" not in script.commands


def test_of_several_recipients_each_is_heard_of_before_the_message_is_offered() -> None:
    many = " ".join(f"{number}@x.test" for number in range(60))
    _, script = attempt(many, offers=[*ALL, "PIPELINING"])
    assert script.groups == [["MAIL", *["RCPT"] * 49], ["RCPT"] * 11, ["DATA"]]

    says = {"RCPT TO:<1@": "452 4.5.3 too many"}
    outcome, script = attempt("0@x.test 1@x.test", offers=[*ALL, "PIPELINING"], says=says)
    assert outcome.status == 75
    assert script.commands[-1] == "QUIT"
    assert not script.data


@pytest.mark.parametrize("where", ["MAIL", "RCPT", "DATA", "end"])
@pytest.mark.parametrize(("says", "status"), [("421 full", 75), ("554 no", 69)])
def test_no_refusal_among_several_replies_is_taken_for_a_yes(
    where: str, says: str, status: int
) -> None:
    outcome, script = attempt(offers=[*ALL, "PIPELINING"], says={where: says})

    assert outcome.status == status
    assert says in outcome.lines[0]
    assert where == "end" or not script.data


def test_who_wants_to_see_it_sees_the_goodbye() -> None:
    _, script = attempt("-v a@x.test", offers=[*ALL, "PIPELINING"])
    assert script.commands[-1] == "QUIT"


def test_a_greeting_that_makes_no_sense_is_no_success() -> None:
    outcome, _ = attempt(says={"DATA": "250 already?"})
    assert outcome.status == 70
