"""Any sequence of commands against a small model: what is answered, and what is stored."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.doubles.house import House, usual_settings
from tests.doubles.logins import accounts, plain, word

LOCAL = "user@localhost"
ELSEWHERE = "user@elsewhere.example"
SENDERS = st.sampled_from(["a@client.example", "b@client.example", ""])
OPEN = {
    "auth_without_tls_hosts": ("*",),
    "auth_senders": {"*": ["*"]},
    **dict.fromkeys(("auth_failure_delay", "auth_failures_max", "auth_failures_per_address"), 0),
    **dict.fromkeys(("auth_failures_per_account", "submission_rate"), 0),
}
LOGIN = (("AUTH LOGIN", 334), (word("alice"), 334), (word("wonder land"), 235))
PLAIN = ((f"AUTH PLAIN {plain()}", 235),)
PLAIN_ASKED = (("AUTH PLAIN", 334), (plain(), 235))
PLAIN_WRONG = ((f"AUTH PLAIN {plain(password='x')}", 535),)
CANCELLED = (("AUTH LOGIN", 334), ("*", 501))
COMMAND_INSIDE = (("AUTH LOGIN", 334), ("QUIT", 334), ("MAIL FROM:<a@b.example>", 501))
BODIES = st.lists(st.sampled_from([b"a", b".", b"..", b"", b"\xc3\xa4"]), max_size=4)


class Session(RuleBasedStateMachine):
    """The model is what a client may believe about the server after each reply."""

    def __init__(self) -> None:
        super().__init__()
        many = dict.fromkeys(
            ("smtp_accept_max_nonmail", "smtp_max_synprot_errors", "smtp_max_unknown_commands"),
            10_000,
        )
        self.house = House(usual_settings(**many, **OPEN), back_end=accounts())
        self.guest = self.house.call()
        assert self.guest.hear().startswith("220 ")
        self.is_greeted = False
        self.chunks: bytes | None = None  # of a message that has begun with BDAT
        self.is_extended = False
        self.has_logged_in = False
        self.sender: str | None = None
        self.recipients = list[str]()
        self.stored = list[tuple[str, list[str], bytes]]()

    def teardown(self) -> None:
        self.guest.say("QUIT")
        assert self.guest.hear().startswith("221 ")
        self.guest.hang_up()
        assert self.guest.status() == 0
        self.guest.__exit__()
        assert not self.house.spool.open
        kept = self.house.spool.messages.values()
        assert [
            (one.envelope.sender, [to.address for to in one.envelope.recipients], one.body)
            for one in kept
        ] == self.stored

    def ask(self, line: str) -> int:
        self.guest.say(line)
        return int(self.guest.hear()[:3])

    def forget(self) -> None:
        self.sender, self.recipients, self.chunks = None, [], None

    @rule(verb=st.sampled_from(["EHLO", "HELO"]))
    def greet(self, verb: str) -> None:
        assert self.ask(f"{verb} client.example") == 250
        self.is_greeted = True
        self.is_extended = verb == "EHLO"
        self.forget()

    @rule(sender=SENDERS)
    def mail(self, sender: str) -> None:
        is_its_turn = self.is_greeted and self.sender is None
        assert self.ask(f"MAIL FROM:<{sender}>") == (250 if is_its_turn else 503)
        if is_its_turn:
            self.sender = sender

    @rule(sender=st.sampled_from(["FROM:a@b.example", "FROM:<a@b.example> X=Y", "TO:<a@b>"]))
    def mail_in_a_wrong_way(self, sender: str) -> None:
        assert self.ask(f"MAIL {sender}") in (501, 503, 555)

    @rule(whom=st.sampled_from(["127.0.0.1", "192.0.2.8", "x"]))
    def speak_for_another(self, whom: str) -> None:
        """Nobody trusts him with that, at any moment."""
        code = self.ask(f"XCLIENT ADDR={whom} LOGIN=alice")
        assert code == (550 if self.sender is None else 503)

    @rule(address=st.sampled_from([LOCAL, "postmaster@localhost"]))
    def rcpt(self, address: str) -> None:
        is_its_turn = self.sender is not None and self.chunks is None
        assert self.ask(f"RCPT TO:<{address}>") == (250 if is_its_turn else 503)
        if is_its_turn and address not in self.recipients:
            self.recipients.append(address)

    @rule()
    def rcpt_that_is_refused(self) -> None:
        is_its_turn = self.sender is not None and self.chunks is None
        assert self.ask("RCPT TO:<nobody@localhost>") == (550 if is_its_turn else 503)

    @rule()
    def rcpt_of_another_host(self) -> None:
        """Only for whoever has logged in."""
        is_its_turn = self.sender is not None and self.chunks is None
        code = 250 if self.has_logged_in else 550
        assert self.ask(f"RCPT TO:<{ELSEWHERE}>") == (code if is_its_turn else 503)
        if is_its_turn and self.has_logged_in and ELSEWHERE not in self.recipients:
            self.recipients.append(ELSEWHERE)

    @rule(
        lines=st.sampled_from([LOGIN, PLAIN_ASKED, PLAIN, PLAIN_WRONG, CANCELLED, COMMAND_INSIDE])
    )
    def log_in(self, lines: tuple[tuple[str, int], ...]) -> None:
        """RFC 4954 s4: once, after EHLO, between messages; what follows 334 is no command."""
        may = self.is_extended and self.sender is None and not self.has_logged_in
        if not may:
            assert self.ask(lines[0][0]) == 503
            return
        for line, code in lines:
            assert self.ask(line) == code
        self.has_logged_in = code == 235

    @rule(lines=BODIES)
    def data(self, lines: list[bytes]) -> None:
        code = self.ask("DATA")
        assert code == (354 if self.may_say_data else 503)
        if code != 354:
            return
        stuffed = b"".join((b"." if x.startswith(b".") else b"") + x + b"\r\n" for x in lines)
        self.guest.send(stuffed + b".\r\n")
        assert self.guest.hear().startswith("250 ")
        body = b"".join(x + b"\r\n" for x in lines)
        assert self.sender is not None
        self.stored.append((self.sender, self.recipients, body))
        self.forget()

    @rule()
    def data_with_a_bare_newline(self) -> None:
        """RFC 5321 s4.1.1.4: it ends nothing, and is no part of a message."""
        code = self.ask("DATA")
        assert code == (354 if self.may_say_data else 503)
        if code == 354:
            self.guest.send(b"a\n.\nMAIL FROM:<smuggled@x.example>\r\n.\r\n")
            assert self.guest.hear()[:1] == "5"
            self.forget()

    @property
    def may_say_data(self) -> bool:
        return bool(self.recipients) and self.chunks is None

    @rule(
        octets=st.sampled_from([b"", b"a\r\n", b".\r\n", b"QUIT\r\n", b"\xc3\xa4\r\n"]),
        last=st.booleans(),
    )
    def bdat(self, octets: bytes, last: bool) -> None:
        """Whatever stands in it, it is counted off."""
        self.guest.send(b"BDAT %d%s\r\n%s" % (len(octets), b" LAST" if last else b"", octets))
        is_its_turn = self.is_extended and bool(self.recipients)
        assert self.guest.hear()[:3] == ("250" if is_its_turn else "503")
        if not is_its_turn:
            return
        self.chunks = (self.chunks or b"") + octets
        if last:
            assert self.sender is not None
            self.stored.append((self.sender, self.recipients, self.chunks))
            self.forget()

    @rule()
    def bdat_with_a_bare_newline(self) -> None:
        self.guest.send(b"BDAT 3\r\na\nb")
        is_its_turn = self.is_extended and bool(self.recipients)
        assert self.guest.hear()[:3] == ("550" if is_its_turn else "503")
        if is_its_turn:
            self.forget()

    @rule()
    def rset(self) -> None:
        assert self.ask("RSET") == 250
        self.forget()

    @rule(line=st.sampled_from(["NOOP", "noop x", "VRFY user", "FOO", "DATA x", "\tNOOP", ""]))
    def what_changes_nothing(self, line: str) -> None:
        assert self.ask(line) in (250, 252, 500, 501)

    @precondition(lambda self: self.recipients)
    @rule(sender=SENDERS)
    def in_one_piece(self, sender: str) -> None:
        """RFC 2920: the same as one by one."""
        said = ["RSET", f"MAIL FROM:<{sender}>", f"RCPT TO:<{LOCAL}>", f"RCPT TO:<{ELSEWHERE}>"]
        last = "250" if self.has_logged_in else "550"
        assert [reply[:3] for reply in self.guest.ask(*said)] == ["250", "250", "250", last]
        self.sender, self.recipients = sender, [LOCAL, *([ELSEWHERE] if last == "250" else [])]


Session.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestSession = Session.TestCase
